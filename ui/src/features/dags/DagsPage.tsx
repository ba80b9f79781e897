/** The DAG list. */
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { useDags, useImportErrors, useTags } from '@/api/queries'
import { path } from '@/api/http'
import { Button, Segmented } from '@/components/Button'
import { useDebounced } from '@/components/debounced'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { SearchBox } from '@/components/Field'
import { Icon } from '@/components/Icon'
import { Menu } from '@/components/Menu'
import { Bar, Pager, useTitle } from '@/components/Page'
import { useShortcuts } from '@/components/shortcuts'
import { StateIcon } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import { DagRow } from './DagRow'
import { isFiltered, orders, PAGE, readFilters, withParams } from './filters'
import { usePause } from './pause'
import './dags.css'

const runStates = ['running', 'queued', 'failed', 'success'] as const

export function DagsPage() {
  useTitle('DAGs')
  const navigate = useNavigate()
  const [params, setParams] = useSearchParams()
  const filters = readFilters(params)
  const dags = useDags(filters)
  const tags = useTags()
  const errors = useImportErrors({ limit: 1, offset: 0 })
  const pause = usePause()
  const [selected, setSelected] = useState(-1)
  const [text, setText] = useState(params.get('q') ?? '')
  const change = (changes: Record<string, string | string[] | null>) => setParams((now) => withParams(now, changes), { replace: true })

  useDebounced(text, params.get('q') ?? '', (q) => change({ q }))

  const rows = dags.data?.dags ?? []
  const current = rows[selected]
  const select = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index))
    setSelected(next)
    document.querySelector(`[data-row="${next}"]`)?.scrollIntoView({ block: 'nearest' })
  }
  useShortcuts({
    j: () => select(selected + 1),
    k: () => select(selected - 1),
    ...(current && {
      Enter: () => void navigate('/dags' + path(current.dag_id)),
      t: () => void navigate('/dags' + path(current.dag_id) + '/trigger'),
      p: () => pause.mutate({ dagId: current.dag_id, paused: !current.is_paused }),
    }),
  })

  const tagNames = [...new Set(tags.data?.tags ?? [])]
  const chosenTags = filters.tags ?? []
  const toggleTag = (tag: string) => change({ tag: chosenTags.includes(tag) ? chosenTags.filter((item) => item !== tag) : [...chosenTags, tag] })
  const errorCount = errors.data?.total_entries ?? 0
  const total = dags.data?.total_entries ?? 0

  return (
    <div className="page">
      <Bar crumbs={[{ label: 'DAGs' }]} lead={dags.data && <span className="count">{total}</span>} />
      {errorCount > 0 && (
        <div className="banner" role="alert">
          <Icon name="alert" />
          {errorCount === 1 ? 'One file could not be imported' : `${errorCount} files could not be imported`}
          <Link to="/import-errors">Show</Link>
        </div>
      )}
      <div className="toolbar">
        <SearchBox label="Search DAGs" value={text} onChange={setText} />
        <Segmented
          label="Paused or active"
          value={params.get('status') ?? 'all'}
          choices={[
            { value: 'all', label: 'All' },
            { value: 'active', label: 'Active' },
            { value: 'paused', label: 'Paused' },
          ]}
          onChange={(value) => change({ status: value === 'all' ? null : value })}
        />
        <Menu
          label="State of the last run"
          align="left"
          className={`button ${filters.state === undefined ? '' : 'button-on'}`}
          trigger={
            <>
              {filters.state === undefined ? <Icon name="filter" size={14} /> : <StateIcon state={filters.state as (typeof runStates)[number]} size={14} />}
              {filters.state === undefined ? 'Last run' : stateLabel(filters.state as (typeof runStates)[number])}
              <Icon name="down" size={12} />
            </>
          }
          items={[
            { label: 'Any state', checked: filters.state === undefined, onSelect: () => change({ state: null }) },
            ...runStates.map((state) => ({ label: stateLabel(state), checked: filters.state === state, onSelect: () => change({ state }) })),
          ]}
        />
        {tagNames.length > 0 && (
          <Menu
            label="Tags"
            align="left"
            className={`button ${chosenTags.length === 0 ? '' : 'button-on'}`}
            trigger={
              <>
                <Icon name="flag" size={14} />
                {chosenTags.length === 0 ? 'Tags' : chosenTags.join(', ')}
                <Icon name="down" size={12} />
              </>
            }
            items={tagNames.map((tag) => ({ label: tag, checked: chosenTags.includes(tag), keepOpen: true, onSelect: () => toggleTag(tag) }))}
          />
        )}
        {isFiltered(params) && (
          <Button
            kind="ghost"
            icon="x"
            onClick={() => {
              setText('')
              change({ q: null, tag: null, status: null, state: null })
            }}
          >
            Clear
          </Button>
        )}
        <span className="grow" />
        <Menu
          label="Order"
          className="button button-ghost"
          trigger={
            <>
              {orders.find((order) => order.value === filters.order_by)?.label}
              <Icon name="down" size={12} />
            </>
          }
          items={orders.map((order) => ({ label: order.label, checked: order.value === filters.order_by, onSelect: () => change({ order: order.value === 'dag_id' ? null : order.value }) }))}
        />
      </div>
      <div className="page-body">
        {dags.isError ? (
          <Problem error={dags.error} retry={() => void dags.refetch()} />
        ) : dags.isPending ? (
          <Skeleton rows={10} height={52} />
        ) : rows.length === 0 ? (
          isFiltered(params) ? (
            <Empty icon="search" title="No DAG matches">
              Change the search or the filters.
            </Empty>
          ) : (
            <Empty icon="dags" title="No DAGs yet">
              Save a Python file that defines a DAG in the DAGs folder. It appears here by itself, without a reload.
            </Empty>
          )
        ) : (
          <>
            <div className="dag-list" role="table" aria-label="DAGs" aria-busy={dags.isPlaceholderData}>
              <div className="dag-row dag-head" role="row">
                <span role="columnheader">
                  <span className="visually-hidden">Active</span>
                </span>
                <span role="columnheader">DAG</span>
                <span role="columnheader">Schedule</span>
                <span role="columnheader">Next run</span>
                <span role="columnheader">Last run</span>
                <span role="columnheader">Recent runs</span>
                <span role="columnheader">
                  <span className="visually-hidden">Actions</span>
                </span>
              </div>
              {rows.map((dag, index) => (
                <DagRow
                  key={dag.dag_id}
                  dag={dag}
                  index={index}
                  selected={index === selected}
                  onTag={toggleTag}
                  onPause={(paused) => pause.mutate({ dagId: dag.dag_id, paused })}
                />
              ))}
            </div>
            <Pager offset={filters.offset} limit={PAGE} total={total} onOffset={(offset) => change({ offset: String(offset) })} />
          </>
        )}
      </div>
    </div>
  )
}
