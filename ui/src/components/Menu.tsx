/** A drop-down menu with arrow-key movement, closed by Escape, a choice, or a click elsewhere. */
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { Icon, type IconName } from './Icon'
import './menu.css'

export interface MenuItem {
  label: ReactNode
  icon?: IconName
  hint?: ReactNode
  danger?: boolean
  disabled?: boolean
  checked?: boolean
  /** Leaves the menu open, for sets of check marks. */
  keepOpen?: boolean
  onSelect: () => void
}

interface MenuProps {
  label: string
  trigger: ReactNode
  items: readonly (MenuItem | 'line')[]
  align?: 'left' | 'right'
  side?: 'down' | 'up'
  className?: string
  header?: ReactNode
}

export function Menu({ label, trigger, items, align = 'right', side = 'down', className = 'icon-button', header }: MenuProps) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const id = useId()

  useEffect(() => {
    if (!open) return
    list.current?.querySelector<HTMLButtonElement>('button:not(:disabled)')?.focus({ preventScroll: true })
    const away = (event: MouseEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('mousedown', away)
    return () => document.removeEventListener('mousedown', away)
  }, [open])

  const close = () => {
    setOpen(false)
    root.current?.querySelector('button')?.focus()
  }

  const move = (event: KeyboardEvent) => {
    if (!open) return
    if (event.key === 'Escape') {
      event.stopPropagation()
      close()
    } else if (event.key === 'Tab') setOpen(false)
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    event.preventDefault()
    const buttons = [...(list.current?.querySelectorAll<HTMLButtonElement>('button:not(:disabled)') ?? [])]
    const at = buttons.findIndex((button) => button === document.activeElement)
    buttons[(at + (event.key === 'ArrowDown' ? 1 : -1) + buttons.length) % buttons.length]?.focus()
  }

  return (
    <div className="menu" ref={root} onKeyDown={move}>
      <button type="button" className={className} aria-haspopup="menu" aria-expanded={open} aria-controls={open ? id : undefined} aria-label={label} title={label} onClick={() => setOpen(!open)}>
        {trigger}
      </button>
      {open && (
        <div ref={list} id={id} role="menu" aria-label={label} className={`menu-list menu-${align} menu-${side}`}>
          {header && <div className="menu-header">{header}</div>}
          {items.map((item, index) =>
            item === 'line' ? (
              <hr key={index} />
            ) : (
              <button
                key={index}
                type="button"
                role={item.checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
                aria-checked={item.checked}
                disabled={item.disabled}
                className={item.danger === true ? 'menu-danger' : undefined}
                onClick={() => {
                  if (item.keepOpen !== true) close()
                  item.onSelect()
                }}
              >
                {item.checked === undefined ? item.icon && <Icon name={item.icon} size={14} /> : <span className="menu-check">{item.checked && <Icon name="check" size={14} />}</span>}
                <span className="grow">{item.label}</span>
                {item.hint !== undefined && <span className="dimmer">{item.hint}</span>}
              </button>
            ),
          )}
        </div>
      )}
    </div>
  )
}
