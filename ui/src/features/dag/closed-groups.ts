/** Which task groups of a DAG are folded; remembered for the tab's session. */
import { useCallback, useState } from 'react'

export function useClosedGroups(dagId: string): [ReadonlySet<string>, (groupId: string) => void, (groupIds: readonly string[]) => void] {
  const key = `tradewind.closed.${dagId}`
  const [closed, set] = useState<ReadonlySet<string>>(() => new Set(JSON.parse(sessionStorage.getItem(key) ?? '[]') as string[]))
  const store = useCallback(
    (groupIds: readonly string[]) => {
      sessionStorage.setItem(key, JSON.stringify(groupIds))
      set(new Set(groupIds))
    },
    [key],
  )
  const toggle = useCallback(
    (groupId: string) =>
      set((now) => {
        const next = new Set(now)
        if (!next.delete(groupId)) next.add(groupId)
        sessionStorage.setItem(key, JSON.stringify([...next]))
        return next
      }),
    [key],
  )
  return [closed, toggle, store]
}
