/** What a page shows when there is nothing to show: empty, loading, failed. */
import type { ReactNode } from 'react'
import { ApiError } from '@/api/http'
import { Button } from './Button'
import { Icon, type IconName } from './Icon'
import { messageOf } from './Toast'
import './feedback.css'

export function Empty({ icon, title, children, action }: { icon: IconName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={20} />
      </span>
      <h2>{title}</h2>
      {children && <div className="empty-text">{children}</div>}
      {action && <div className="row">{action}</div>}
    </div>
  )
}

export function Problem({ error, retry, what }: { error: unknown; retry?: () => void; what?: string }) {
  const status = error instanceof ApiError ? error.status : null
  if (status === 404) {
    return (
      <Empty icon="search" title={what === undefined ? 'Not found' : `${what} not found`}>
        {messageOf(error)}
      </Empty>
    )
  }
  return (
    <Empty icon={status === 403 ? 'lock' : 'alert'} title={status === 403 ? 'Not allowed' : 'That did not work'} action={retry && <Button icon="clear" onClick={retry}>Try again</Button>}>
      {messageOf(error)}
    </Empty>
  )
}

/** Grey bars in the shape of what is coming. Appears after a moment, so that fast answers never flash. */
export function Skeleton({ rows = 6, height = 36 }: { rows?: number; height?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} style={{ height }}>
          <span style={{ width: `${[34, 52, 41, 60, 37, 48][index % 6]}%` }} />
        </div>
      ))}
    </div>
  )
}
