/** What the grid's reader points at, in words; the DAG's own figures when that is nothing. */
import type { Grid, GridRun } from '@/api/types'
import type { DAGDetailsResponse } from '@/api/schema'
import { Facts } from '@/components/Page'
import { StateBadge, StateIcon } from '@/components/StateIcon'
import { sortedCounts, stateLabel } from '@/components/states'
import { Duration, Time } from '@/components/Time'
import { formatDuration } from '@/components/time'
import { runTypeLabel } from '@/features/run/labels'
import type { Target } from './GridTable'
import { foldCell, type Row } from './rows'
import { summary } from './summary'

export function Peek({ dag, grid, rows, target }: { dag: DAGDetailsResponse | undefined; grid: Grid; rows: readonly Row[]; target: Target | null }) {
  const run = target && grid.runs.find((item) => item.run_id === target.runId)
  const row = target && rows.find((item) => item.id === target.rowId)
  if (run && row) {
    const cell = foldCell(grid.task_instances[run.run_id], row)
    return (
      <aside className="peek" aria-label="Selection">
        <h2>{row.label}</h2>
        {cell ? (
          <>
            <p>
              <StateBadge state={cell.state} />
            </p>
            {cell.counts && <Counts counts={cell.counts} />}
            <Facts
              rows={[
                ['Run', <Time key="run" at={run.run_after} />],
                ['Started', <Time key="start" at={cell.start} />],
                ['Duration', <Duration key="duration" start={cell.start} end={cell.end} />],
                ...(row.kind === 'task' ? ([['Try', cell.try === 0 ? null : cell.try], ['Operator', row.operator]] as const) : []),
              ]}
            />
          </>
        ) : (
          <p className="dim">This run had no such task.</p>
        )}
      </aside>
    )
  }
  if (run) return <RunPeek run={run} />
  const { rate, median, failures } = summary(grid.runs)
  return (
    <aside className="peek" aria-label="Summary">
      <h2>Last {grid.runs.length === 1 ? 'run' : `${grid.runs.length} runs`}</h2>
      <Facts
        rows={[
          ['Succeeded', rate === null ? null : `${Math.round(rate * 100)} %`],
          ['Median duration', median === null ? null : formatDuration(median)],
          ['Last failure', failures[0] ? <Time key="failed" at={failures[0].run_after} relative /> : 'None'],
          ['Next run', dag?.is_paused === true ? 'Paused' : <Time key="next" at={dag?.next_dagrun_run_after} relative />],
          ['Running now', dag?.active_runs_count ?? null],
          ['Version', dag?.latest_dag_version?.version_number ?? null],
        ]}
      />
      {dag?.description && <p className="dim peek-text">{dag.description}</p>}
    </aside>
  )
}

function RunPeek({ run }: { run: GridRun }) {
  return (
    <aside className="peek" aria-label="Selection">
      <h2>
        <Time at={run.run_after} />
      </h2>
      <p>
        <StateBadge state={run.state} />
      </p>
      <Facts
        rows={[
          ['Type', runTypeLabel(run.run_type)],
          ['Logical date', <Time key="logical" at={run.logical_date} />],
          ['Started', <Time key="start" at={run.start_date} />],
          ['Duration', <Duration key="duration" start={run.start_date} end={run.end_date} />],
          ['Version', run.dag_version_number],
        ]}
      />
      <p className="dimmer mono peek-text">{run.run_id}</p>
    </aside>
  )
}

/** How many are in each state. */
export function Counts({ counts }: { counts: Record<string, number> }) {
  return (
    <ul className="state-counts">
      {sortedCounts(counts).map(([state, count]) => (
        <li key={state ?? 'none'} title={stateLabel(state)}>
          <StateIcon state={state} size={14} />
          <span className="visually-hidden">{stateLabel(state)}</span>
          {count}
        </li>
      ))}
    </ul>
  )
}
