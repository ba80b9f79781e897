/** The last runs as bars, oldest first: colour and shape say the state, height the duration. */
import { memo } from 'react'
import { Link } from 'react-router'
import { path } from '@/api/http'
import type { RunBrief } from '@/api/types'
import { stateVars } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import { useZone } from '@/components/Time'
import { formatDuration, formatInstant } from '@/components/time'
import { barHeights } from './bars'

export const RunStrip = memo(function RunStrip({ dagId, runs }: { dagId: string; runs: readonly RunBrief[] }) {
  const { zone } = useZone()
  const heights = barHeights(runs)
  return (
    <ol className="strip" aria-label="Recent runs, oldest first">
      {runs
        .map((run, index) => {
          const ms = run.start_date !== null && run.end_date !== null ? Date.parse(run.end_date) - Date.parse(run.start_date) : null
          const title = `${stateLabel(run.state)} · ${formatInstant(run.run_after, zone)}${ms === null ? '' : ` · ${formatDuration(ms)}`}`
          return (
            <li key={run.run_id}>
              <Link to={`/dags${path(dagId)}/runs${path(run.run_id)}`} title={title} aria-label={title} tabIndex={-1} data-state={run.state} style={{ ...stateVars(run.state), height: `${heights[index]}%` }} />
            </li>
          )
        })
        .reverse()}
    </ol>
  )
})
