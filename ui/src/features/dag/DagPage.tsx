/** One DAG: its head and tabs. */
import { useState } from 'react'
import { Link, Outlet, useLocation, useNavigate } from 'react-router'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, path } from '@/api/http'
import { keys } from '@/api/keys'
import { useDag } from '@/api/queries'
import { LinkButton, Switch } from '@/components/Button'
import { Confirm } from '@/components/Dialog'
import { Problem } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { Menu } from '@/components/Menu'
import { Bar, Tabs, useTitle } from '@/components/Page'
import { useShortcuts } from '@/components/shortcuts'
import { Time } from '@/components/Time'
import { messageOf, useToast } from '@/components/Toast'
import { usePause } from '@/features/dags/pause'
import { useDagId } from './dag-id'
import './dag.css'

export function DagPage() {
  const dagId = useDagId()
  return <Dag key={dagId} dagId={dagId} />
}

function Dag({ dagId }: { dagId: string }) {
  const navigate = useNavigate()
  const location = useLocation()
  const dag = useDag(dagId)
  const pause = usePause()
  const [deleting, setDeleting] = useState(false)
  const name = dag.data?.dag_display_name ?? dagId
  const base = '/dags' + path(dagId)
  const paused = dag.data?.is_paused ?? false
  useTitle(name)
  useShortcuts({
    t: () => void navigate(`${base}/trigger`),
    p: () => dag.data && pause.mutate({ dagId, paused: !paused }),
  })

  if (dag.isError) return <Problem error={dag.error} what="DAG" retry={() => void dag.refetch()} />
  const data = dag.data
  return (
    <div className="page">
      <Bar
        crumbs={[{ label: 'DAGs', to: '/dags' }, { label: name }]}
        lead={
          data && (
            <>
              <Switch checked={!paused} label={paused ? 'Unpause (p)' : 'Pause (p)'} onChange={(on) => pause.mutate({ dagId, paused: !on })} />
              {data.timetable_summary !== null && (
                <span className="chip" title={data.timetable_description ?? undefined}>
                  <Icon name="clock" size={13} />
                  <code>{data.timetable_summary}</code>
                </span>
              )}
              {!paused && data.next_dagrun_run_after !== null && (
                <span className="dimmer dag-next">
                  next <Time at={data.next_dagrun_run_after} relative />
                </span>
              )}
              {paused && <span className="dimmer">Paused</span>}
              {data.tags.map((tag) => (
                <Link key={tag.name} to={`/dags?tag=${encodeURIComponent(tag.name)}`} className="tag">
                  {tag.name}
                </Link>
              ))}
            </>
          )
        }
      >
        <Menu
          label="More"
          trigger={<Icon name="more" />}
          items={[
            { label: 'Copy the DAG id', icon: 'copy', onSelect: () => void navigator.clipboard.writeText(dagId) },
            { label: 'Events of this DAG', icon: 'activity', onSelect: () => void navigate(`/events?dag_id=${encodeURIComponent(dagId)}`) },
            'line',
            { label: 'Delete…', icon: 'trash', danger: true, onSelect: () => setDeleting(true) },
          ]}
        />
        <LinkButton kind="primary" icon="play" to={`${base}/trigger`} state={{ from: location.pathname }}>
          Trigger
        </LinkButton>
      </Bar>
      {data?.has_import_errors === true && (
        <div className="banner" role="alert">
          <Icon name="alert" />
          The file of this DAG could not be imported the last time. What you see is the version before.
          <Link to="/import-errors">Show the error</Link>
        </div>
      )}
      {data?.is_stale === true && (
        <div className="banner banner-warn">
          <Icon name="info" />
          The file of this DAG is gone, so nothing new is planned. Its history stays until the DAG is deleted.
        </div>
      )}
      <Tabs
        label="DAG"
        tabs={[
          { to: base, label: 'Grid', end: true },
          { to: `${base}/graph`, label: 'Graph' },
          { to: `${base}/runs`, label: 'Runs' },
          { to: `${base}/code`, label: 'Code' },
          { to: `${base}/details`, label: 'Details' },
        ]}
      />
      <div className="dag-body">
        <Outlet />
      </div>
      {deleting && <DeleteDag dagId={dagId} onClose={() => setDeleting(false)} />}
    </div>
  )
}

function DeleteDag({ dagId, onClose }: { dagId: string; onClose: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const remove = useMutation({
    mutationFn: () => call('/api/v2/dags' + path(dagId), { method: 'DELETE' }),
    onSuccess: async () => {
      await navigate('/dags')
      toast.ok(`${dagId} was deleted.`)
      client.removeQueries({ queryKey: keys.dag(dagId) })
      await client.invalidateQueries({ queryKey: keys.dags() })
    },
  })
  return (
    <Confirm title={`Delete ${dagId}?`} confirm="Delete" danger busy={remove.isPending} error={remove.error && messageOf(remove.error)} onConfirm={() => remove.mutate()} onClose={onClose}>
      <p>All its runs, task instances and XComs are deleted from the database. If its file is still in the DAGs folder, the DAG comes back without its history.</p>
    </Confirm>
  )
}
