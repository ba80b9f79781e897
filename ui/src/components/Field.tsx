/** Form fields: a label, a control, a hint, an error, tied together for assistive technology. */
import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from 'react'
import { Icon } from './Icon'
import './field.css'

interface FieldProps {
  label: ReactNode
  hint?: ReactNode
  error?: string | undefined
  required?: boolean
  children: (aria: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined }) => ReactNode
}

export function Field({ label, hint, error, required = false, children }: FieldProps) {
  const id = useId()
  const note = error ?? hint
  const noteId = `${id}-note`
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {required && <span className="field-required" aria-hidden="true" title="Required" />}
      </label>
      {children({ id, 'aria-describedby': note === undefined ? undefined : noteId, 'aria-invalid': error === undefined ? undefined : true })}
      {note !== undefined && (
        <div id={noteId} className={error === undefined ? 'field-hint' : 'field-error'} role={error === undefined ? undefined : 'alert'}>
          {note}
        </div>
      )}
    </div>
  )
}

export const Input = ({ className = '', ...rest }: InputHTMLAttributes<HTMLInputElement>) => (
  <input autoComplete="off" spellCheck={false} {...rest} className={`input ${className}`} />
)

export const TextArea = ({ className = '', ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement>) => (
  <textarea rows={3} {...rest} className={`input ${className}`} />
)

export const Select = ({ children, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) => (
  <span className="select">
    <select {...rest} className="input">
      {children}
    </select>
    <Icon name="down" size={12} />
  </span>
)

export function Checkbox({ checked, onChange, label, hint }: { checked: boolean; onChange: (checked: boolean) => void; label: ReactNode; hint?: ReactNode }) {
  return (
    <label className="checkbox">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span>
        {label}
        {hint !== undefined && <span className="field-hint">{hint}</span>}
      </span>
    </label>
  )
}

interface SearchProps {
  value: string
  onChange: (value: string) => void
  label: string
  className?: string
}

/** A search box; `/` moves the focus to the first one on the page. */
export function SearchBox({ value, onChange, label, className = '' }: SearchProps) {
  return (
    <span className={`search ${className}`}>
      <Icon name="search" size={14} />
      <Input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        data-shortcut="/"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          if (value === '') event.currentTarget.blur()
          else onChange('')
        }}
      />
      {value === '' && <kbd aria-hidden="true">/</kbd>}
    </span>
  )
}
