/** How the reader likes logs; remembered in this browser. */
import { useState } from 'react'

export type Times = 'clock' | 'relative' | 'off'

export interface LogSettings {
  wrap: boolean
  times: Times
  source: boolean
}

const STORED = 'tradewind.log'
const initial: LogSettings = { wrap: false, times: 'clock', source: true }

function read(): LogSettings {
  try {
    return { ...initial, ...(JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<LogSettings>) }
  } catch {
    return initial
  }
}

export function useLogSettings(): [LogSettings, (change: Partial<LogSettings>) => void] {
  const [settings, set] = useState(read)
  return [
    settings,
    (change) => {
      const next = { ...settings, ...change }
      localStorage.setItem(STORED, JSON.stringify(next))
      set(next)
    },
  ]
}
