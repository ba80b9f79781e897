/** Calls `apply` a moment after the text was last changed. */
import { useEffect, useRef } from 'react'

export function useDebounced(text: string, applied: string, apply: (text: string) => void): void {
  const latest = useRef(apply)
  useEffect(() => {
    latest.current = apply
  })
  useEffect(() => {
    if (text === applied) return
    const timer = setTimeout(() => latest.current(text), 150)
    return () => clearTimeout(timer)
  }, [text, applied])
}
