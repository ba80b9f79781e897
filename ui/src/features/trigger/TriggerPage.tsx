/** Triggering a run. */
import { useState } from 'react'
import { useLocation } from 'react-router'
import { path } from '@/api/http'
import { useDag } from '@/api/queries'
import type { DAGDetailsResponse } from '@/api/schema'
import { Segmented } from '@/components/Button'
import { Problem, Skeleton } from '@/components/Feedback'
import { Checkbox, Field, Input, TextArea } from '@/components/Field'
import { fromField, toField } from '@/components/instant-input'
import { JsonEditor } from '@/components/JsonEditor'
import { Bar, useTitle } from '@/components/Page'
import { useZone } from '@/components/Time'
import { zoneName } from '@/components/time'
import { messageOf } from '@/components/Toast'
import { useDagId } from '@/features/dag/dag-id'
import { ParamsForm } from './ParamsForm'
import { confOf, fieldsOf, initialDrafts, parseConf } from './params'
import { Summary } from './Summary'
import { useTrigger } from './trigger'
import './trigger.css'

export function TriggerPage() {
  const dagId = useDagId()
  const dag = useDag(dagId)
  useTitle(`Trigger ${dagId}`)
  return (
    <div className="page">
      <Bar crumbs={[{ label: 'DAGs', to: '/dags' }, { label: dag.data?.dag_display_name ?? dagId, to: '/dags' + path(dagId) }, { label: 'Trigger' }]} />
      {dag.isError ? <Problem error={dag.error} what="DAG" retry={() => void dag.refetch()} /> : dag.isPending ? <Skeleton rows={6} /> : <TriggerForm key={dagId} dag={dag.data} />}
    </div>
  )
}

type When = 'now' | 'at' | 'none'

function TriggerForm({ dag }: { dag: DAGDetailsResponse }) {
  const { zone } = useZone()
  // "Run again" on a run page brings that run's configuration.
  const given = (useLocation().state as { conf?: Record<string, unknown> } | null)?.conf
  const fields = fieldsOf(dag.params)
  const [drafts, setDrafts] = useState(() => initialDrafts(fields, given))
  const [mode, setMode] = useState<'form' | 'json'>(fields.length > 0 ? 'form' : 'json')
  const [text, setText] = useState(() => JSON.stringify(given ?? (fields.length > 0 ? confOf(fields, drafts).conf : {}), null, 2))
  const [when, setWhen] = useState<When>('now')
  const [at, setAt] = useState(() => toField(new Date().toISOString(), zone))
  const [runId, setRunId] = useState('')
  const [note, setNote] = useState('')
  const [unpause, setUnpause] = useState(true)
  const [checked, setChecked] = useState(false)
  const trigger = useTrigger(dag)

  const form = confOf(fields, drafts)
  const parsed = parseConf(text)
  const confError = mode === 'json' ? (parsed.ok ? undefined : parsed.message) : undefined
  const conf = mode === 'form' ? form.conf : parsed.ok ? parsed.value : null
  const logicalDate = when === 'at' ? fromField(at, zone) : null
  const dateError = when === 'at' && logicalDate === null ? 'Choose a date and a time.' : undefined
  const invalid = conf === null || dateError !== undefined || (mode === 'form' && Object.keys(form.errors).length > 0)

  const changeMode = (next: 'form' | 'json') => {
    if (next === 'json') setText(JSON.stringify(form.conf, null, 2))
    else if (parsed.ok) setDrafts(initialDrafts(fields, parsed.value))
    else return
    setMode(next)
  }
  const submit = () => {
    setChecked(true)
    if (invalid) {
      document.querySelector<HTMLElement>('.trigger [aria-invalid]')?.focus()
      return
    }
    trigger.mutate({
      logicalDate: when === 'now' ? new Date().toISOString() : logicalDate,
      runId: runId.trim() === '' ? null : runId.trim(),
      conf,
      note: note.trim() === '' ? null : note,
      unpause: dag.is_paused && unpause,
    })
  }

  return (
    <form
      className="page-body trigger"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault()
          submit()
        }
      }}
    >
      <div className="trigger-main">
        <section>
          <header className="trigger-head">
            <h2>{fields.length > 0 ? 'Parameters' : 'Configuration'}</h2>
            {fields.length > 0 && (
              <Segmented
                label="How to give the parameters"
                value={mode}
                choices={[
                  { value: 'form', label: 'Form' },
                  { value: 'json', label: 'JSON' },
                ]}
                onChange={changeMode}
              />
            )}
          </header>
          {mode === 'form' ? (
            <ParamsForm fields={fields} drafts={drafts} errors={form.errors} showAll={checked} onChange={(name, draft) => setDrafts((now) => ({ ...now, [name]: draft }))} />
          ) : (
            <JsonEditor label="Configuration as JSON" value={text} onChange={setText} error={confError} rows={fields.length > 0 ? 12 : 7} />
          )}
        </section>
        <section>
          <h2>Run</h2>
          <Field
            label={`Logical date${when === 'at' ? ` (${zoneName(zone, Date.parse(logicalDate ?? '') || 0)})` : ''}`}
            error={checked ? dateError : undefined}
            hint={when === 'none' ? 'Templates such as {{ ds }} have no value in this run.' : when === 'now' ? 'The moment at which you trigger it.' : undefined}
          >
            {(aria) => (
              <div className="row trigger-date">
                <Segmented<When>
                  label="Logical date"
                  value={when}
                  choices={[
                    { value: 'now', label: 'Now' },
                    { value: 'at', label: 'At…' },
                    { value: 'none', label: 'None' },
                  ]}
                  onChange={setWhen}
                />
                {when === 'at' && <Input {...aria} type="datetime-local" step={1} value={at} onChange={(event) => setAt(event.target.value)} />}
              </div>
            )}
          </Field>
          <Field label="Run id" hint="Left empty, it is made from the date.">
            {(aria) => <Input {...aria} className="mono" value={runId} placeholder="manual__…" onChange={(event) => setRunId(event.target.value)} />}
          </Field>
          <Field label="Note">{(aria) => <TextArea {...aria} value={note} placeholder="Why this run?" onChange={(event) => setNote(event.target.value)} />}</Field>
          {dag.is_paused && <Checkbox checked={unpause} onChange={setUnpause} label="Unpause the DAG" hint="While it is paused, the run stays queued." />}
        </section>
      </div>
      <Summary dag={dag} conf={conf} busy={trigger.isPending} error={trigger.isError ? messageOf(trigger.error) : checked && invalid ? 'Some fields need your attention.' : null} />
    </form>
  )
}
