/** Coloured source text, with line numbers and a marked line when asked. */
import { memo, useMemo, useState } from 'react'
import { IconButton } from './Button'
import { highlight, type Language } from './highlight'
import './code.css'

interface Props {
  text: string
  language: Language
  numbers?: boolean
}

export const Code = memo(function Code({ text, language, numbers = false }: Props) {
  const lines = useMemo(() => highlight(text, language), [text, language])
  return (
    <pre className={numbers ? 'code code-numbered' : 'code'} tabIndex={0}>
      {lines.map((tokens, index) => (
        <span key={index} className="code-line">
          {tokens.map((token, at) => (token.kind === 'plain' ? token.text : <span key={at} className={`code-${token.kind}`}>{token.text}</span>))}
          {'\n'}
        </span>
      ))}
    </pre>
  )
})

/** A value as indented JSON with a button that copies it. */
export function JsonBlock({ value }: { value: unknown }) {
  const text = JSON.stringify(value, null, 2)
  return (
    <div className="json-block">
      <CopyButton text={text} />
      <Code text={text} language="json" />
    </div>
  )
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [done, setDone] = useState(false)
  return (
    <IconButton
      icon={done ? 'check' : 'copy'}
      label={done ? 'Copied' : label}
      size={14}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setDone(true)
          setTimeout(() => setDone(false), 1500)
        })
      }}
    />
  )
}
