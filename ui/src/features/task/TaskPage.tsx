/** One task instance of a run: state, why it waits, and tabs for its log, XComs, rendered fields and details. */
import { useState } from 'react'
import { Link, useOutletContext, useParams, useSearchParams } from 'react-router'
import { path } from '@/api/http'
import { useTaskInstance, useTries } from '@/api/queries'
import type { TaskInstance } from '@/api/types'
import { Button } from '@/components/Button'
import { Problem, Skeleton } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { Menu } from '@/components/Menu'
import { StateBadge } from '@/components/StateIcon'
import { Duration, Time } from '@/components/Time'
import { ClearTask } from '@/features/actions/ClearDialogs'
import { EditNote, MarkTask, type MarkState } from '@/features/actions/MarkDialogs'
import { usePatchTask, type TaskRef } from '@/features/actions/targets'
import { operatorLabel } from '@/features/graph/operator'
import type { RunContext } from '@/features/run/RunPage'
import { DetailsTab } from './DetailsTab'
import { LogTab } from './LogTab'
import { MappedList } from './MappedList'
import { Recent } from './Recent'
import { RenderedTab } from './RenderedTab'
import { Why } from './Why'
import { XComTab } from './XComTab'
import './task.css'

const tabs = ['log', 'xcom', 'rendered', 'details'] as const
type Tab = (typeof tabs)[number]

const tabLabels: Record<Tab, string> = { log: 'Log', xcom: 'XCom', rendered: 'Rendered', details: 'Details' }

export function TaskPage() {
  const { run, structure } = useOutletContext<RunContext>()
  const { taskId = '', mapIndex } = useParams()
  const index = mapIndex === undefined ? -1 : Number(mapIndex)
  const mapped = structure.tasks.find((task) => task.task_id === taskId)?.is_mapped ?? false
  const ref: TaskRef = { dagId: run.dag_id, runId: run.dag_run_id, taskId, mapIndex: index }
  if (mapped && index < 0) return <MappedList task={ref} />
  return <Task key={`${taskId} ${index}`} task={ref} />
}

function Task({ task }: { task: TaskRef }) {
  const [params, setParams] = useSearchParams()
  const ti = useTaskInstance(task.dagId, task.runId, task.taskId, task.mapIndex)
  const tries = useTries(task.dagId, task.runId, task.taskId, task.mapIndex)
  const tab = tabs.find((name) => name === params.get('tab')) ?? 'log'
  const choose = (changes: Record<string, string | null>) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now)
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) next.delete(name)
          else next.set(name, value)
        }
        return next
      },
      { replace: true },
    )

  if (ti.isError) return <Problem error={ti.error} what="Task instance" retry={() => void ti.refetch()} />
  if (ti.isPending) return <Skeleton rows={10} height={28} />
  return (
    <>
      <TaskHead task={task} ti={ti.data} />
      <Why task={task} ti={ti.data} />
      <div className="tabs">
        <div role="tablist" aria-label="Task instance" className="tab-list">
          {tabs.map((name) => (
            <button key={name} type="button" role="tab" aria-selected={name === tab} onClick={() => choose({ tab: name === 'log' ? null : name })}>
              {tabLabels[name]}
            </button>
          ))}
        </div>
      </div>
      {tab === 'log' && <LogTab task={task} ti={ti.data} tries={tries.data?.task_instances ?? []} chosen={params.get('try')} onTry={(number) => choose({ try: number })} />}
      {tab === 'xcom' && <XComTab task={task} state={ti.data.state} />}
      {tab === 'rendered' && <RenderedTab ti={ti.data} />}
      {tab === 'details' && <DetailsTab ti={ti.data} tries={tries.data?.task_instances ?? []} />}
    </>
  )
}

type Asking = 'clear' | 'note' | MarkState

function TaskHead({ task, ti }: { task: TaskRef; ti: TaskInstance }) {
  const [asking, setAsking] = useState<Asking | null>(null)
  const patch = usePatchTask(task)
  const close = () => {
    patch.reset()
    setAsking(null)
  }
  const up = `/dags${path(task.dagId)}/runs${path(task.runId)}/tasks${path(task.taskId)}`
  return (
    <div className="task-head">
      <div className="task-title">
        <h2 className="truncate" title={ti.task_id}>
          {task.mapIndex >= 0 ? (
            <>
              <Link to={up}>{ti.task_display_name}</Link> <span className="dimmer">[{ti.rendered_map_index ?? task.mapIndex}]</span>
            </>
          ) : (
            ti.task_display_name
          )}
        </h2>
        <Recent task={task} />
      </div>
      <div className="task-facts">
        <StateBadge state={ti.state} size={18} />
        {ti.start_date !== null && (
          <span className="run-fact">
            <span>Duration</span> <Duration start={ti.start_date} end={ti.state === 'running' ? null : (ti.end_date ?? ti.start_date)} />
          </span>
        )}
        {ti.start_date !== null && (
          <span className="run-fact">
            <span>Started</span> <Time at={ti.start_date} relative />
          </span>
        )}
        {ti.try_number > 0 && (
          <span className="run-fact">
            <span>Try</span> {ti.try_number}
            <span className="dimmer">of {Math.max(ti.max_tries + 1, ti.try_number)}</span>
          </span>
        )}
        {ti.state === 'running' && ti.hostname !== null && ti.hostname !== '' && (
          <span className="run-fact task-host">
            <span>On</span>{' '}
            <Link className="cell-link truncate" to={`/cluster?at=${encodeURIComponent(ti.hostname)}`} title={`${ti.hostname} on the cluster page`}>
              {ti.hostname}
            </Link>
          </span>
        )}
        <span className="run-fact dim">{operatorLabel(ti.operator_name ?? ti.operator ?? '')}</span>
        <span className="grow" />
        <span className="task-actions">
          <Menu
            label="More"
            trigger={<Icon name="more" />}
            items={[
              { label: 'Mark as success…', icon: 'check', disabled: ti.state === 'success', onSelect: () => setAsking('success') },
              { label: 'Mark as failed…', icon: 'x', disabled: ti.state === 'failed', onSelect: () => setAsking('failed') },
              'line',
              { label: 'Edit the note…', icon: 'note', onSelect: () => setAsking('note') },
              { label: 'Copy the task id', icon: 'copy', onSelect: () => void navigator.clipboard.writeText(ti.task_id) },
            ]}
          />
          <Button icon="clear" onClick={() => setAsking('clear')}>
            Clear
          </Button>
        </span>
      </div>
      {ti.note !== null && ti.note !== '' && (
        <div className="run-note">
          <Icon name="note" /> {ti.note}
        </div>
      )}
      {asking === 'clear' && <ClearTask task={task} onClose={close} />}
      {(asking === 'success' || asking === 'failed') && <MarkTask task={task} state={asking} onClose={close} />}
      {asking === 'note' && <EditNote note={ti.note} busy={patch.isPending} error={patch.error} onSave={(note) => patch.mutate({ note }, { onSuccess: close })} onClose={close} />}
    </div>
  )
}
