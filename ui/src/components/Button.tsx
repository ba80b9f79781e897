/** Buttons, links that look like them, icon buttons, switches and segmented choices. */
import type { ButtonHTMLAttributes, ReactNode } from 'react'
import { Link, type LinkProps } from 'react-router'
import { Icon, type IconName } from './Icon'
import './button.css'

type Kind = 'default' | 'primary' | 'danger' | 'ghost'

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind
  icon?: IconName
  busy?: boolean
}

export function Button({ kind = 'default', icon, busy = false, children, className = '', disabled, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} disabled={disabled === true || busy} aria-busy={busy || undefined} className={`button button-${kind} ${className}`}>
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={14} />}
      {children}
    </button>
  )
}

export function LinkButton({ kind = 'default', icon, children, ...rest }: LinkProps & { kind?: Kind; icon?: IconName; children: ReactNode }) {
  return (
    <Link {...rest} className={`button button-${kind}`}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </Link>
  )
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  icon: IconName
  /** The accessible name, shown as the title. */
  label: string
  pressed?: boolean
  size?: number
}

export function IconButton({ icon, label, pressed, size = 16, className = '', ...rest }: IconButtonProps) {
  return (
    <button type="button" {...rest} aria-label={label} title={rest.title ?? label} aria-pressed={pressed} className={`icon-button ${className}`}>
      <Icon name={icon} size={size} />
    </button>
  )
}

/** An on/off switch that takes effect at once. */
export function Switch({ checked, label, onChange, disabled = false }: { checked: boolean; label: string; onChange: (checked: boolean) => void; disabled?: boolean }) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={checked}
      aria-label={label}
      title={label}
      disabled={disabled}
      className="switch"
      onClick={(event) => {
        event.stopPropagation()
        onChange(!checked)
      }}
    >
      <span />
    </button>
  )
}

export interface Choice<T extends string> {
  value: T
  label: ReactNode
  title?: string
}

/** A small set of exclusive choices. */
export function Segmented<T extends string>({ value, choices, onChange, label }: { value: T; choices: readonly Choice<T>[]; onChange: (value: T) => void; label: string }) {
  return (
    <div className="segmented" role="radiogroup" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          role="radio"
          aria-checked={choice.value === value}
          title={choice.title}
          onClick={() => onChange(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  )
}
