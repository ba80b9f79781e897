/** Keyboard shortcuts: single keys and two-key sequences, silent while somebody types. */
import { useEffect, useRef } from 'react'

export type Bindings = Record<string, (event: KeyboardEvent) => void>

const SEQUENCE_MS = 900
/** What is bound now; what was mounted last is asked first. */
const layers: { current: Bindings }[] = []
let first = ''
let since = -Infinity

/** Whether keys go to a text field or a dialog instead of the page. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.closest('input:not([type=checkbox]), textarea, select, dialog') !== null
}

function find(key: string): ((event: KeyboardEvent) => void) | undefined {
  for (let i = layers.length - 1; i >= 0; i--) {
    const action = layers[i]?.current[key]
    if (action) return action
  }
  return undefined
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey) return
  const mod = event.ctrlKey || event.metaKey
  if (!mod && isTyping(event.target)) return
  const key = mod ? `mod+${event.key.toLowerCase()}` : event.key
  // A sequence wins over its second key, whoever bound them: `g p` must not also press `p`.
  const action = (event.timeStamp - since < SEQUENCE_MS ? find(`${first} ${key}`) : undefined) ?? find(key)
  first = action ? '' : key
  since = event.timeStamp
  if (!action) return
  event.preventDefault()
  action(event)
}

/** Binds keys such as `t`, `?`, `g d` or `mod+k` while the component is shown; `mod` is Ctrl or Cmd. */
export function useShortcuts(bindings: Bindings): void {
  const layer = useRef(bindings)
  useEffect(() => {
    layer.current = bindings
  })
  useEffect(() => {
    if (layers.length === 0) document.addEventListener('keydown', onKey)
    layers.push(layer)
    return () => {
      layers.splice(layers.indexOf(layer), 1)
      if (layers.length === 0) document.removeEventListener('keydown', onKey)
    }
  }, [])
}
