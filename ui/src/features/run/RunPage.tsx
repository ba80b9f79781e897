/** One run: its head, the tree of its tasks, and what is chosen in it. */
import { useMemo, useState } from 'react'
import { Outlet, useMatch, useNavigate } from 'react-router'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, path } from '@/api/http'
import { keys } from '@/api/keys'
import { useRun, useStructure } from '@/api/queries'
import type { DAGRunResponse } from '@/api/schema'
import type { GridCell, Structure } from '@/api/types'
import { Button } from '@/components/Button'
import { Confirm } from '@/components/Dialog'
import { Problem, Skeleton } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { Menu } from '@/components/Menu'
import { Bar, Tabs, useTitle } from '@/components/Page'
import { StateBadge } from '@/components/StateIcon'
import { Duration, Time, useZone } from '@/components/Time'
import { formatInstant } from '@/components/time'
import { messageOf, useToast } from '@/components/Toast'
import { ClearRun } from '@/features/actions/ClearDialogs'
import { EditNote, MarkRun, type MarkState } from '@/features/actions/MarkDialogs'
import { runUrl, usePatchRun, type RunRef } from '@/features/actions/targets'
import { useClosedGroups } from '@/features/dag/closed-groups'
import { useDagId, useRunId } from '@/features/dag/dag-id'
import { buildRows, type Row } from '@/features/dag/grid/rows'
import { useRunCells } from './cells'
import { runTypeLabel, triggerLabel } from './labels'
import { TaskTree } from './TaskTree'
import './run.css'

/** What the pages inside a run get from it. */
export interface RunContext {
  run: DAGRunResponse
  structure: Structure
  rows: readonly Row[]
  cells: Readonly<Record<string, GridCell>>
  closed: ReadonlySet<string>
  toggle: (groupId: string) => void
}

export function RunPage() {
  const dagId = useDagId()
  const runId = useRunId()
  return <Run key={`${dagId}/${runId}`} dagId={dagId} runId={runId} />
}

function Run({ dagId, runId }: RunRef) {
  const { zone } = useZone()
  const base = `/dags${path(dagId)}/runs${path(runId)}`
  const run = useRun(dagId, runId)
  const version = run.data?.dag_versions.at(-1)?.version_number
  const structure = useStructure(dagId, version, run.isSuccess)
  const cells = useRunCells(dagId, runId)
  const [closed, toggle] = useClosedGroups(dagId)
  const rows = useMemo(() => (structure.data ? buildRows(structure.data, closed) : []), [structure.data, closed])
  const task = useMatch('/dags/:dagId/runs/:runId/tasks/:taskId/*')?.params.taskId
  const timeline = useMatch('/dags/:dagId/runs/:runId') !== null
  const when = run.data ? formatInstant(run.data.run_after, zone).slice(0, 16) : runId
  useTitle(`${task ?? when} · ${dagId}`)

  const failed = [run, structure, cells].find((query) => query.isError)
  const context: RunContext | null = run.data && structure.data && cells.data ? { run: run.data, structure: structure.data, rows, cells: cells.data, closed, toggle } : null
  return (
    <div className="page">
      <Bar
        crumbs={[
          { label: 'DAGs', to: '/dags' },
          { label: run.data?.dag_display_name ?? dagId, to: '/dags' + path(dagId) },
          task === undefined ? { label: when } : { label: when, to: base },
          ...(task === undefined ? [] : [{ label: task }]),
        ]}
      >
        {task === undefined && run.data && <RunActions run={run.data} />}
      </Bar>
      {task === undefined && run.data && <RunHead run={run.data} />}
      {task === undefined && (
        <Tabs
          label="Run"
          tabs={[
            { to: base, label: 'Timeline', end: true },
            { to: `${base}/graph`, label: 'Graph' },
            { to: `${base}/details`, label: 'Details' },
          ]}
        />
      )}
      {failed ? (
        <Problem error={failed.error} what={failed === run ? 'Run' : 'DAG'} retry={() => void failed.refetch()} />
      ) : !context ? (
        <Skeleton rows={12} height={30} />
      ) : (
        <div className="run-body">
          {!timeline && (
            <div className="run-side">
              <TaskTree dagId={dagId} runId={runId} rows={rows} cells={context.cells} onToggle={toggle} current={task} />
            </div>
          )}
          <div className="run-pane">
            <Outlet context={context} />
          </div>
        </div>
      )}
    </div>
  )
}

function RunHead({ run }: { run: DAGRunResponse }) {
  const by = triggerLabel(run.triggered_by)
  return (
    <div className="run-head">
      <StateBadge state={run.state} size={18} />
      <span className="run-fact">
        <span>Duration</span> <Duration start={run.start_date} end={run.end_date} />
      </span>
      <span className="run-fact">
        <span>Started</span> <Time at={run.start_date} />
      </span>
      <span className="run-fact">
        <span>{runTypeLabel(run.run_type)}</span>
        {by !== null && run.run_type !== 'scheduled' && <span className="dim">by {run.triggering_user_name !== null ? `${run.triggering_user_name}, ` : ''}{by}</span>}
      </span>
      {run.note !== null && run.note !== '' && (
        <div className="run-note">
          <Icon name="note" /> {run.note}
        </div>
      )}
    </div>
  )
}

type Asking = 'clear' | 'delete' | 'note' | MarkState

function RunActions({ run }: { run: DAGRunResponse }) {
  const navigate = useNavigate()
  const toast = useToast()
  const ref = { dagId: run.dag_id, runId: run.dag_run_id }
  const [asking, setAsking] = useState<Asking | null>(null)
  const patch = usePatchRun(ref)
  const close = () => {
    patch.reset()
    setAsking(null)
  }
  return (
    <>
      <Menu
        label="More"
        trigger={<Icon name="more" />}
        items={[
          { label: 'Mark as success…', icon: 'check', disabled: run.state === 'success', onSelect: () => setAsking('success') },
          { label: 'Mark as failed…', icon: 'x', disabled: run.state === 'failed', onSelect: () => setAsking('failed') },
          'line',
          { label: 'Edit the note…', icon: 'note', onSelect: () => setAsking('note') },
          { label: 'Run again with this configuration', icon: 'play', onSelect: () => void navigate(`/dags${path(run.dag_id)}/trigger`, { state: { conf: run.conf ?? {} } }) },
          { label: 'Copy the run id', icon: 'copy', onSelect: () => void navigator.clipboard.writeText(run.dag_run_id).then(() => toast.ok('Copied.')) },
          'line',
          { label: 'Delete…', icon: 'trash', danger: true, onSelect: () => setAsking('delete') },
        ]}
      />
      <Button icon="clear" onClick={() => setAsking('clear')}>
        Clear
      </Button>
      {asking === 'clear' && <ClearRun run={ref} onClose={close} />}
      {(asking === 'success' || asking === 'failed') && <MarkRun run={ref} state={asking} onClose={close} />}
      {asking === 'note' && <EditNote note={run.note} busy={patch.isPending} error={patch.error} onSave={(note) => patch.mutate({ note }, { onSuccess: close })} onClose={close} />}
      {asking === 'delete' && <DeleteRun run={ref} onClose={close} />}
    </>
  )
}

function DeleteRun({ run, onClose }: { run: RunRef; onClose: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const remove = useMutation({
    mutationFn: () => call(runUrl(run), { method: 'DELETE' }),
    onSuccess: async () => {
      await navigate('/dags' + path(run.dagId))
      client.removeQueries({ queryKey: keys.run(run.dagId, run.runId) })
      await Promise.all([client.invalidateQueries({ queryKey: keys.grid(run.dagId) }), client.invalidateQueries({ queryKey: keys.runs(run.dagId) })])
    },
  })
  return (
    <Confirm title="Delete this run?" confirm="Delete" danger busy={remove.isPending} error={remove.isError ? messageOf(remove.error) : null} onConfirm={() => remove.mutate()} onClose={onClose}>
      <p className="dim">Its task instances, their XComs and their tries are deleted with it.</p>
      <p className="mono run-id">{run.runId}</p>
    </Confirm>
  )
}
