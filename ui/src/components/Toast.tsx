/** Short messages in the corner, read out by screen readers. */
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from 'react'
import { IconButton } from './Button'
import { Icon } from './Icon'
import './toast.css'

interface Toast {
  id: number
  kind: 'ok' | 'error'
  text: ReactNode
}

interface Toaster {
  ok: (text: ReactNode) => void
  error: (problem: unknown) => void
}

const ToastContext = createContext<Toaster>({ ok: () => undefined, error: () => undefined })

export const useToast = (): Toaster => useContext(ToastContext)

export const messageOf = (problem: unknown): string => (problem instanceof Error ? problem.message : String(problem))

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([])
  const next = useRef(0)
  const dismiss = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), [])
  const show = useCallback(
    (kind: Toast['kind'], text: ReactNode) => {
      const id = next.current++
      setToasts((all) => [...all.slice(-3), { id, kind, text }])
      setTimeout(() => dismiss(id), kind === 'ok' ? 4000 : 9000)
    },
    [dismiss],
  )
  const toaster = useMemo<Toaster>(() => ({ ok: (text) => show('ok', text), error: (problem) => show('error', messageOf(problem)) }), [show])
  return (
    <ToastContext value={toaster}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast toast-${toast.kind}`}>
            <Icon name={toast.kind === 'ok' ? 'check' : 'alert'} />
            <div className="grow">{toast.text}</div>
            <IconButton icon="x" size={14} label="Dismiss" onClick={() => dismiss(toast.id)} />
          </div>
        ))}
      </div>
    </ToastContext>
  )
}
