/** Workers: what each does now, and what it may be told. */
import { Fragment, useEffect, useRef, useState } from 'react'
import { Button, IconButton } from '@/components/Button'
import { Confirm, Dialog } from '@/components/Dialog'
import { Field, Input } from '@/components/Field'
import { Icon } from '@/components/Icon'
import { Menu, type MenuItem } from '@/components/Menu'
import { Card } from '@/components/Page'
import { Duration, Time } from '@/components/Time'
import { messageOf, useToast } from '@/components/Toast'
import { useOrder, type Order } from './orders'
import { Load, Status } from './Status'
import { TaskLink } from './TaskLink'
import type { Cluster, RunningTask, Worker } from './types'
import { formLabel, isAt, orderWords, takesOrders } from './words'

type Asking = { worker: Worker; what: 'shutdown' | 'add' }

export function WorkersCard({ cluster, at }: { cluster: Cluster; at: string | null }) {
  const [asking, setAsking] = useState<Asking | null>(null)
  const order = useOrder()
  const toast = useToast()
  const tell = (worker: Worker, what: Order) =>
    order.mutate({ worker, order: what }, { onSuccess: () => toast.ok(`${worker.name} is told with its next heartbeat.`), onError: (problem) => toast.error(problem) })
  return (
    <Card title="Workers" className="cluster-card">
      <div className="cluster-scroll">
        <table className="table">
          <thead>
            <tr>
              <th>Worker</th>
              <th>State</th>
              <th>Tasks</th>
              <th>Queues</th>
              <th>Up for</th>
              <th>Version</th>
              <th>
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {cluster.workers.map((worker) => (
              <WorkerRow
                key={worker.worker_id}
                worker={worker}
                tasks={cluster.running_task_instances.filter((task) => task.worker_id === worker.worker_id)}
                marked={at !== null && isAt(worker, at)}
                menu={cluster.may_edit && takesOrders(worker) ? menuOf(worker, (what) => tell(worker, what), (what) => setAsking({ worker, what })) : null}
              />
            ))}
          </tbody>
        </table>
      </div>
      {asking?.what === 'shutdown' && (
        <Confirm
          title={`Shut ${asking.worker.name} down?`}
          confirm="Shut down"
          danger
          busy={order.isPending}
          error={order.error ? messageOf(order.error) : null}
          onConfirm={() => order.mutate({ worker: asking.worker, order: { kind: 'shutdown' } }, { onSuccess: () => setAsking(null) })}
          onClose={() => {
            order.reset()
            setAsking(null)
          }}
        >
          It takes no more tasks and ends when {asking.worker.running === 0 ? 'it has none, which is now' : asking.worker.running === 1 ? 'the one that it runs is over' : `the ${asking.worker.running} that it runs are over`}. Whatever starts workers may start it again.
        </Confirm>
      )}
      {asking?.what === 'add' && (
        <AddQueue
          worker={asking.worker}
          busy={order.isPending}
          error={order.error ? messageOf(order.error) : undefined}
          onAdd={(queue) => order.mutate({ worker: asking.worker, order: { kind: 'add', queue } }, { onSuccess: () => setAsking(null) })}
          onClose={() => {
            order.reset()
            setAsking(null)
          }}
        />
      )}
    </Card>
  )
}

function menuOf(worker: Worker, tell: (order: Order) => void, ask: (what: Asking['what']) => void): (MenuItem | 'line')[] {
  const ending = worker.state === 'draining'
  return [
    worker.state === 'maintenance'
      ? { label: 'Take tasks again', icon: 'play', onSelect: () => tell({ kind: 'resume' }) }
      : { label: 'Take no new tasks', icon: 'hand', disabled: ending, onSelect: () => tell({ kind: 'pause' }) },
    'line',
    { label: 'Serve another queue…', icon: 'plus', disabled: ending, onSelect: () => ask('add') },
    ...worker.queues.map((queue): MenuItem => ({ label: `Stop serving ${queue}`, icon: 'minus', disabled: ending || worker.queues.length === 1, onSelect: () => tell({ kind: 'remove', queue }) })),
    'line',
    { label: 'Shut down…', icon: 'logout', danger: true, disabled: ending, onSelect: () => ask('shutdown') },
  ]
}

function WorkerRow({ worker, tasks, marked, menu }: { worker: Worker; tasks: RunningTask[]; marked: boolean; menu: (MenuItem | 'line')[] | null }) {
  const [opened, setOpened] = useState<boolean | null>(null)
  const open = (opened ?? marked) && tasks.length > 0
  const row = useRef<HTMLTableRowElement>(null)
  useEffect(() => {
    if (marked) row.current?.scrollIntoView({ block: 'center' })
  }, [marked])
  return (
    <Fragment>
      <tr ref={row} className={marked ? 'cluster-marked' : undefined} data-worker={worker.name}>
        <td>
          <span className="cluster-name">
            <span className="mono">{worker.name}</span>
            <span className="dimmer">
              {worker.name !== worker.hostname && !worker.name.endsWith(`@${worker.hostname}`) && `${worker.hostname} · `}process {worker.pid}
              {worker.form !== null && ` · ${formLabel[worker.form].toLowerCase()}`}
            </span>
          </span>
        </td>
        <td>
          <span className="cluster-name">
            <Status of={worker.state} />
            {worker.state === 'offline' ? (
              <span className="dimmer">
                last heard of <Time at={worker.latest_heartbeat} relative />
              </span>
            ) : (
              worker.order !== null && <span className="cluster-told">told to {orderWords(worker.order)}</span>
            )}
          </span>
        </td>
        <td>
          <span className="cluster-tasks">
            <Load used={worker.running} room={worker.concurrency} />
            {tasks.length > 0 && (
              <IconButton icon={open ? 'up' : 'down'} size={14} label={open ? `Hide the tasks of ${worker.name}` : `Show the tasks of ${worker.name}`} aria-expanded={open} onClick={() => setOpened(!open)} />
            )}
          </span>
        </td>
        <td>
          <span className="cluster-queues">
            {worker.form === 'local' ? <span className="dim">all</span> : worker.queues.map((queue) => <span key={queue} className="tag">{queue}</span>)}
          </span>
        </td>
        <td className="dim tabular">
          <Duration start={worker.start_date} end={worker.state === 'offline' ? worker.latest_heartbeat : null} />
        </td>
        <td className="dim tabular">{worker.version}</td>
        <td className="actions">{menu && <Menu label={`Actions for ${worker.name}`} trigger={<Icon name="more" />} items={menu} />}</td>
      </tr>
      {open && (
        <tr className="cluster-running">
          <td colSpan={7}>
            <ul>
              {tasks.map((task) => (
                <li key={`${task.dag_id} ${task.dag_run_id} ${task.task_id} ${task.map_index}`}>
                  <TaskLink task={task} />
                  <span className="dimmer">
                    <Duration start={task.start_date} end={null} />
                  </span>
                </li>
              ))}
            </ul>
            {worker.running > tasks.length && <span className="dimmer">and {worker.running - tasks.length} more</span>}
          </td>
        </tr>
      )}
    </Fragment>
  )
}

function AddQueue({ worker, busy, error, onAdd, onClose }: { worker: Worker; busy: boolean; error: string | undefined; onAdd: (queue: string) => void; onClose: () => void }) {
  const [queue, setQueue] = useState('')
  const name = queue.trim()
  return (
    <Dialog
      title={`A queue for ${worker.name}`}
      onClose={onClose}
      onSubmit={() => name !== '' && onAdd(name)}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={busy} disabled={name === ''}>
            Serve it
          </Button>
        </>
      }
    >
      <Field label="Queue" required hint="Until the worker ends; its command line says what it begins with." error={error}>
        {(aria) => <Input {...aria} className="mono" autoFocus value={queue} onChange={(event) => setQueue(event.target.value)} />}
      </Field>
    </Dialog>
  )
}
