/** When each task of a run ran: the tree with bars on the run's time. */
import { useNow } from '@/components/Time'
import { stateVars } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import { formatDuration } from '@/components/time'
import { place, runSpan, ticks } from './timeline'
import { TaskTree, type TreeProps } from './TaskTree'

interface Props extends Omit<TreeProps, 'beside' | 'head' | 'className'> {
  start: string | null
  end: string | null
}

export function Timeline({ start, end, cells, ...tree }: Props) {
  const ticking = useNow(end === null && start !== null)
  const now = end === null ? ticking : Date.parse(end)
  const span = runSpan(start, end, Object.values(cells).map((cell) => cell.start), now)
  const marks = ticks(span, 8)
  return (
    <TaskTree
      {...tree}
      cells={cells}
      className="timeline"
      head={
        <div className="timeline-head">
          <span className="timeline-corner">Task</span>
          <div className="timeline-track" aria-hidden="true">
            {marks.map((mark) => (
              <span key={mark.label} className="timeline-tick" style={{ left: `${mark.at}%` }}>
                {mark.label}
              </span>
            ))}
          </div>
        </div>
      }
      beside={(row, cell) => {
        const running = cell?.state === 'running'
        const from = cell?.start ?? null
        const lines = marks.map((mark) => <i key={mark.label} style={{ left: `${mark.at}%` }} />)
        if (!cell || from === null) return <div className="timeline-track">{lines}</div>
        const until = cell.end !== null && !running ? Date.parse(cell.end) : row.kind === 'group' || running ? now : Date.parse(from)
        const { left, width } = place(span, Date.parse(from), until)
        return (
          <div className="timeline-track">
            {lines}
            <span
              className="timeline-bar"
              data-state={cell.state ?? 'none'}
              data-group={row.kind === 'group' || undefined}
              style={{ ...stateVars(cell.state), left: `${left}%`, width: `max(4px, ${width}%)` }}
              title={`${row.label}: ${stateLabel(cell.state)}, ${formatDuration(until - Date.parse(from))}, after ${formatDuration(Date.parse(from) - span.start)}`}
            />
          </div>
        )
      }}
    />
  )
}
