/** Keeps the live connection open while a logged-in page is shown, and tells components its status. */
import { useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react'
import { Live, type LiveStatus } from './live'

const LiveContext = createContext<Live | null>(null)

/** A page hidden for this long (ms) gives up its connection. */
const HIDDEN_GRACE = 20_000

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [live] = useState(() => new Live(client))
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const followVisibility = () => {
      clearTimeout(timer)
      if (document.visibilityState === 'hidden') timer = setTimeout(() => live.stop(), HIDDEN_GRACE)
      else live.start()
    }
    followVisibility()
    document.addEventListener('visibilitychange', followVisibility)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', followVisibility)
      live.stop()
    }
  }, [live])
  return <LiveContext value={live}>{children}</LiveContext>
}

const never = () => () => undefined

export function useLiveStatus(): LiveStatus {
  const live = useContext(LiveContext)
  return useSyncExternalStore(live?.subscribe ?? never, live?.getStatus ?? (() => 'connecting' as const))
}
