/** A DAG's params as fields, grouped by their sections. */
import { useState } from 'react'
import { Checkbox, Field, Input, Select, TextArea } from '@/components/Field'
import { JsonEditor } from '@/components/JsonEditor'
import type { Draft, Drafts, ParamField } from './params'

interface Props {
  fields: readonly ParamField[]
  drafts: Drafts
  errors: Record<string, string>
  /** Show the errors of untouched fields too. */
  showAll: boolean
  onChange: (name: string, draft: Draft) => void
}

export function ParamsForm({ fields, drafts, errors, showAll, onChange }: Props) {
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const sections = [...new Set(fields.map((field) => field.section))]
  return (
    <div className="form">
      {sections.map((section) => (
        <fieldset key={section ?? ''} className="form trigger-section">
          {section !== null && <legend>{section}</legend>}
          {fields
            .filter((field) => field.section === section)
            .map((field) => (
              <ParamInput
                key={field.name}
                field={field}
                draft={drafts[field.name] ?? ''}
                error={showAll || touched.has(field.name) ? errors[field.name] : undefined}
                onChange={(draft) => {
                  setTouched((now) => new Set(now).add(field.name))
                  onChange(field.name, draft)
                }}
              />
            ))}
        </fieldset>
      ))}
    </div>
  )
}

const inputTypes = { number: 'number', date: 'date', time: 'time', text: 'text' } as const

function ParamInput({ field, draft, error, onChange }: { field: ParamField; draft: Draft; error: string | undefined; onChange: (draft: Draft) => void }) {
  if (field.kind === 'boolean') return <Checkbox checked={draft === true} onChange={onChange} label={field.label} hint={field.hint ?? undefined} />
  const text = String(draft)
  const label = field.label === field.name ? field.label : <>{field.label} <span className="dimmer mono">{field.name}</span></>
  return (
    <Field label={label} hint={field.hint ?? (field.kind === 'lines' ? 'One a line' : undefined)} error={field.kind === 'json' ? undefined : error} required={!field.nullable && field.kind !== 'lines'}>
      {(aria) => {
        switch (field.kind) {
          case 'choice':
            return (
              <Select {...aria} value={text} onChange={(event) => onChange(event.target.value)}>
                {field.nullable && <option value="">–</option>}
                {(field.schema.enum ?? []).filter((item) => item !== null).map((item) => {
                  const name = typeof item === 'string' ? item : JSON.stringify(item)
                  return (
                    <option key={name} value={JSON.stringify(item)}>
                      {field.schema.values_display?.[name] ?? name}
                    </option>
                  )
                })}
              </Select>
            )
          case 'json':
            return <JsonEditor label={field.label} value={text} onChange={onChange} error={error} rows={3} />
          case 'lines':
          case 'multiline':
            return <TextArea {...aria} value={text} rows={3} onChange={(event) => onChange(event.target.value)} />
          case 'date-time':
            return <Input {...aria} value={text} placeholder="2025-03-09T14:00:00+00:00" className="mono" onChange={(event) => onChange(event.target.value)} />
          default:
            return (
              <Input
                {...aria}
                type={inputTypes[field.kind as keyof typeof inputTypes]}
                {...(field.kind === 'number' ? { min: field.schema.minimum, max: field.schema.maximum, step: 'any' } : {})}
                value={text}
                onChange={(event) => onChange(event.target.value)}
              />
            )
        }
      }}
    </Field>
  )
}
