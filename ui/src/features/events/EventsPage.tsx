/** The event log: who did what, and what the system did by itself. */
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { call, path } from '@/api/http'
import { keys } from '@/api/keys'
import type { EventLogCollectionResponse, EventLogResponse } from '@/api/schema'
import { Button } from '@/components/Button'
import { JsonBlock } from '@/components/Code'
import { useDebounced } from '@/components/debounced'
import { Dialog } from '@/components/Dialog'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { SearchBox } from '@/components/Field'
import { Bar, Facts, Pager, useTitle } from '@/components/Page'
import { Time } from '@/components/Time'
import { withParams } from '@/features/dags/filters'

const PAGE = 50

export function EventsPage() {
  useTitle('Events')
  const [params, setParams] = useSearchParams()
  const [text, setText] = useState(params.get('q') ?? '')
  const [shown, setShown] = useState<EventLogResponse | null>(null)
  const q = params.get('q') ?? ''
  const dagId = params.get('dag_id')
  const offset = Number(params.get('offset') ?? 0) || 0
  const change = (changes: Record<string, string | null>) => setParams((now) => withParams(now, changes), { replace: true })
  useDebounced(text, q, (next) => change({ q: next }))
  const query = { limit: PAGE, offset, order_by: ['-when'], dag_id: dagId, event_pattern: q === '' ? null : `%${q}%` }
  const list = useQuery({
    queryKey: keys.list('events', query),
    queryFn: ({ signal }) => call<EventLogCollectionResponse>('/api/v2/eventLogs', { query, signal }),
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
  const events = list.data?.event_logs ?? []
  return (
    <div className="page">
      <Bar crumbs={[{ label: 'Events' }]} />
      <div className="toolbar">
        <SearchBox label="Search by event" value={text} onChange={setText} />
        {dagId !== null && (
          <Button className="button-on" icon="x" onClick={() => change({ dag_id: null })}>
            {dagId}
          </Button>
        )}
        <span className="grow" />
        <Button kind="ghost" icon="clear" busy={list.isFetching} onClick={() => void list.refetch()}>
          Read again
        </Button>
      </div>
      <div className="page-body">
        {list.isError ? (
          <Problem error={list.error} retry={() => void list.refetch()} />
        ) : list.isPending ? (
          <Skeleton rows={12} height={38} />
        ) : events.length === 0 ? (
          <Empty icon="activity" title={q === '' && dagId === null ? 'Nothing has happened yet' : 'No event matches'}>
            {q === '' && dagId === null ? 'What people and the system do is recorded here.' : 'Change the search.'}
          </Empty>
        ) : (
          <>
            <table className="table">
              <thead>
                <tr>
                  <th>When</th>
                  <th>Event</th>
                  <th>Who</th>
                  <th>DAG</th>
                  <th>Run</th>
                  <th>Task</th>
                  <th>
                    <span className="visually-hidden">More</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {events.map((event) => (
                  <tr key={event.event_log_id}>
                    <td className="dim">
                      <Time at={event.when} />
                    </td>
                    <td className="mono">{event.event}</td>
                    <td>{event.owner ?? <span className="dimmer">–</span>}</td>
                    <td>
                      {event.dag_id !== null && (
                        <Link className="cell-link" to={'/dags' + path(event.dag_id)}>
                          {event.dag_display_name ?? event.dag_id}
                        </Link>
                      )}
                    </td>
                    <td className="mono dim event-run">
                      {event.dag_id !== null && event.run_id !== null && (
                        <Link className="truncate" to={`/dags${path(event.dag_id)}/runs${path(event.run_id)}`} title={event.run_id}>
                          {event.run_id}
                        </Link>
                      )}
                    </td>
                    <td>
                      {event.task_id}
                      {event.map_index !== null && event.map_index >= 0 && <span className="dimmer"> [{event.map_index}]</span>}
                    </td>
                    <td className="actions">
                      <Button kind="ghost" onClick={() => setShown(event)}>
                        Details
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Pager offset={offset} limit={PAGE} total={list.data.total_entries} onOffset={(next) => change({ offset: String(next) })} />
          </>
        )}
      </div>
      {shown && (
        <Dialog title={shown.event} onClose={() => setShown(null)} wide>
          <Facts
            rows={[
              ['When', <Time key="w" at={shown.when} />],
              ['Who', shown.owner],
              ['DAG', shown.dag_id],
              ['Run', shown.run_id],
              ['Task', shown.task_id],
              ['Map index', shown.map_index],
              ['Try', shown.try_number],
              ['Logical date', <Time key="l" at={shown.logical_date} />],
            ]}
          />
          {shown.extra !== null && shown.extra !== '' && <Extra text={shown.extra} />}
        </Dialog>
      )}
    </div>
  )
}

function Extra({ text }: { text: string }) {
  let value: unknown = text
  try {
    value = JSON.parse(text)
  } catch {
    // Not JSON: shown as the text it is.
  }
  return typeof value === 'object' ? <JsonBlock value={value} /> : <pre className="code">{text}</pre>
}
