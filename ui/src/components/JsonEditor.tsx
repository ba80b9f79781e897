/** A text field for JSON: coloured, checked as one types, formatted on demand. */
import { useId, useMemo } from 'react'
import { Button } from './Button'
import { highlight } from './highlight'
import './json-editor.css'

interface Props {
  value: string
  onChange: (value: string) => void
  label: string
  error?: string | undefined
  rows?: number
  readOnly?: boolean
}

export function JsonEditor({ value, onChange, label, error, rows = 8, readOnly = false }: Props) {
  const id = useId()
  const lines = useMemo(() => highlight(value, 'json'), [value])
  const format = () => {
    try {
      onChange(JSON.stringify(JSON.parse(value), null, 2))
    } catch {
      // The message under the field says what is wrong.
    }
  }
  return (
    <div className="json-editor" data-invalid={error !== undefined || undefined}>
      <div className="json-editor-text" style={{ minHeight: rows * 20 + 20 }}>
        <pre aria-hidden="true">
          {lines.map((tokens, index) => (
            <span key={index}>
              {tokens.map((token, at) => (token.kind === 'plain' ? token.text : <span key={at} className={`code-${token.kind}`}>{token.text}</span>))}
              {'\n'}
            </span>
          ))}
        </pre>
        <textarea
          value={value}
          readOnly={readOnly}
          aria-label={label}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={error === undefined ? undefined : id}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
      <div className="json-editor-foot">
        <span id={id} className={error === undefined ? 'dimmer' : 'field-error'} role={error === undefined ? undefined : 'alert'}>
          {error ?? 'JSON'}
        </span>
        {!readOnly && (
          <Button kind="ghost" onClick={format}>
            Format
          </Button>
        )}
      </div>
    </div>
  )
}
