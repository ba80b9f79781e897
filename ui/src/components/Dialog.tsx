/** Modal dialogs on the platform's own `<dialog>`: focus stays inside, Escape closes, focus returns. */
import { useEffect, useRef, type ReactNode } from 'react'
import { Button, IconButton } from './Button'
import './dialog.css'

interface DialogProps {
  title: ReactNode
  onClose: () => void
  children: ReactNode
  footer?: ReactNode
  wide?: boolean
  /** When given, the dialog is a form that Enter submits. */
  onSubmit?: () => void
}

export function Dialog({ title, onClose, children, footer, wide = false, onSubmit }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    dialog?.showModal()
    return () => dialog?.close()
  }, [])
  const body = (
    <>
      <header className="dialog-head">
        <h2>{title}</h2>
        <IconButton icon="x" label="Close" onClick={onClose} />
      </header>
      <div className="dialog-body">{children}</div>
      {footer && <footer className="dialog-foot">{footer}</footer>}
    </>
  )
  return (
    <dialog
      ref={ref}
      className={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-label={typeof title === 'string' ? title : undefined}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose()
      }}
    >
      {onSubmit ? (
        <form
          className="dialog-panel"
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            onSubmit()
          }}
        >
          {body}
        </form>
      ) : (
        <div className="dialog-panel">{body}</div>
      )}
    </dialog>
  )
}

interface ConfirmProps {
  title: string
  children: ReactNode
  confirm: string
  danger?: boolean
  busy?: boolean
  error?: string | null
  onConfirm: () => void
  onClose: () => void
}

/** A question with one way to say yes. */
export function Confirm({ title, children, confirm, danger = false, busy = false, error, onConfirm, onClose }: ConfirmProps) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={onConfirm}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={danger ? 'danger' : 'primary'} busy={busy} autoFocus>
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      {error !== undefined && error !== null && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
    </Dialog>
  )
}
