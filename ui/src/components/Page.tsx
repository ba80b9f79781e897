/** The frame of a page: bar with breadcrumbs and actions, tabs, and the scrolling body. */
import { useEffect, type ReactNode } from 'react'
import { Link, NavLink } from 'react-router'
import { Icon } from './Icon'
import './page.css'

export interface Crumb {
  label: ReactNode
  to?: string
}

/** Sets the document's title while the page is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Tradewind`
  }, [title])
}

export function Bar({ crumbs, children, lead }: { crumbs: readonly Crumb[]; children?: ReactNode; lead?: ReactNode }) {
  return (
    <header className="bar">
      <nav aria-label="Breadcrumb" className="crumbs">
        <ol>
          {crumbs.map((crumb, index) => (
            <li key={index} className={index === crumbs.length - 1 ? 'crumb-last' : undefined}>
              {index > 0 && <Icon name="right" size={12} />}
              {crumb.to === undefined ? (
                <h1 className="truncate" aria-current="page">
                  {crumb.label}
                </h1>
              ) : (
                <Link to={crumb.to} className="truncate">
                  {crumb.label}
                </Link>
              )}
            </li>
          ))}
        </ol>
        {lead}
      </nav>
      {children && <div className="bar-actions">{children}</div>}
    </header>
  )
}

export interface Tab {
  to: string
  label: ReactNode
  end?: boolean
  count?: number | undefined
}

export function Tabs({ tabs, label, children }: { tabs: readonly Tab[]; label: string; children?: ReactNode }) {
  return (
    <div className="tabs">
      <nav aria-label={label}>
        {tabs.map((tab) => (
          <NavLink key={tab.to} to={tab.to} end={tab.end ?? false}>
            {tab.label}
            {tab.count !== undefined && <span className="count">{tab.count}</span>}
          </NavLink>
        ))}
      </nav>
      {children}
    </div>
  )
}

/** Rows of a name and a value. */
export function Facts({ rows }: { rows: readonly (readonly [ReactNode, ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value], index) => (
        <div key={index}>
          <dt>{name}</dt>
          <dd>{value === null || value === undefined || value === '' ? <span className="dimmer">–</span> : value}</dd>
        </div>
      ))}
    </dl>
  )
}

export function Card({ title, children, action, className = '' }: { title?: ReactNode; children: ReactNode; action?: ReactNode; className?: string }) {
  return (
    <section className={`card ${className}`}>
      {title !== undefined && (
        <header>
          <h3>{title}</h3>
          {action}
        </header>
      )}
      {children}
    </section>
  )
}

interface PagerProps {
  offset: number
  limit: number
  total: number
  onOffset: (offset: number) => void
}

/** First–last of total, with steps; nothing when everything fits. */
export function Pager({ offset, limit, total, onOffset }: PagerProps) {
  if (total <= limit && offset === 0) return null
  return (
    <nav className="pager" aria-label="Pages">
      <span className="tabular dim">
        {(total === 0 ? 0 : offset + 1).toLocaleString('en')}–{Math.min(offset + limit, total).toLocaleString('en')} of {total.toLocaleString('en')}
      </span>
      <button type="button" className="icon-button" aria-label="Previous page" disabled={offset === 0} onClick={() => onOffset(Math.max(0, offset - limit))}>
        <Icon name="left" />
      </button>
      <button type="button" className="icon-button" aria-label="Next page" disabled={offset + limit >= total} onClick={() => onOffset(offset + limit)}>
        <Icon name="right" />
      </button>
    </nav>
  )
}
