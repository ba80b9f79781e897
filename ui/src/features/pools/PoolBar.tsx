/** How full a pool is: running, queued and deferred slots as parts of a bar. */
import type { PoolResponse } from '@/api/schema'
import { stateVars } from '@/components/StateIcon'

export function PoolBar({ pool }: { pool: PoolResponse }) {
  const parts = [
    { state: 'running' as const, count: pool.running_slots },
    { state: 'queued' as const, count: pool.queued_slots },
    { state: 'deferred' as const, count: pool.include_deferred ? pool.deferred_slots : 0 },
  ]
  const total = pool.slots < 0 ? Math.max(1, pool.occupied_slots) : Math.max(1, pool.slots)
  const label = `${pool.occupied_slots} in use: ${parts.map((part) => `${part.count} ${part.state}`).join(', ')}`
  return (
    <span className="pool" title={label}>
      <span className="pool-bar" role="img" aria-label={label}>
        {parts.map((part) => part.count > 0 && <span key={part.state} style={{ ...stateVars(part.state), width: `${Math.min(100, (part.count / total) * 100)}%` }} data-state={part.state} />)}
      </span>
      <span className="tabular dim">{pool.occupied_slots}</span>
    </span>
  )
}
