/** Variables: list, make, change, delete. */
import { useState } from 'react'
import { useList, useSave } from '@/api/crud'
import type { VariableBody, VariableCollectionResponse, VariableResponse } from '@/api/schema'
import { Field, Input, TextArea } from '@/components/Field'
import { Icon } from '@/components/Icon'
import { fieldError, FormDialog, PAGE, RemoveDialog, RowActions, SettingsFrame, usePaging } from '@/components/Settings'

/** What the server puts in place of a secret value. */
const MASK = '***'

export function VariablesPage() {
  const paging = usePaging()
  const [editing, setEditing] = useState<VariableResponse | 'new' | null>(null)
  const [removing, setRemoving] = useState<string | null>(null)
  const list = useList<VariableCollectionResponse>('variables', { limit: PAGE, offset: paging.offset, order_by: ['key'], variable_key_pattern: paging.text === '' ? null : `%${paging.text}%` })
  const rows = list.data?.variables ?? []
  return (
    <>
      <SettingsFrame
        title="Variables"
        one="variable"
        icon="variable"
        empty="Values that DAG files read by name, with Variable.get(…) or {{ var.value.… }}."
        paging={paging}
        list={list}
        total={list.data?.total_entries ?? 0}
        count={rows.length}
        onNew={() => setEditing('new')}
      >
        <table className="table">
          <thead>
            <tr>
              <th>Key</th>
              <th>Value</th>
              <th>Description</th>
              <th>
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                <td className="mono">{row.key}</td>
                <td className="setting-value">
                  <code className="truncate">{row.value === MASK ? <span className="dimmer">hidden</span> : row.value}</code>
                  {row.is_encrypted && (
                    <span title="Stored encrypted" className="dimmer">
                      <Icon name="lock" size={12} />
                    </span>
                  )}
                </td>
                <td className="dim">{row.description}</td>
                <RowActions name={row.key} onEdit={() => setEditing(row)} onRemove={() => setRemoving(row.key)} />
              </tr>
            ))}
          </tbody>
        </table>
      </SettingsFrame>
      {editing !== null && <VariableForm variable={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {removing !== null && (
        <RemoveDialog kind="variables" one="variable" id={removing} onClose={() => setRemoving(null)}>
          Tasks that read it without a default fail from then on.
        </RemoveDialog>
      )}
    </>
  )
}

function VariableForm({ variable, onClose }: { variable: VariableResponse | null; onClose: () => void }) {
  const secret = variable?.value === MASK
  const [key, setKey] = useState(variable?.key ?? '')
  const [value, setValue] = useState(secret ? '' : (variable?.value ?? ''))
  const [description, setDescription] = useState(variable?.description ?? '')
  const save = useSave<VariableBody>('variables')
  const submit = () => {
    const body: VariableBody = { key, value, description: description === '' ? null : description }
    // A hidden value that was not typed anew stays what it is.
    save.mutate({ id: variable?.key ?? null, body, ...(secret && value === '' ? { mask: ['description'] } : {}) }, { onSuccess: onClose })
  }
  return (
    <FormDialog title={variable ? `Edit ${variable.key}` : 'New variable'} busy={save.isPending} error={save.error} onSubmit={submit} onClose={onClose}>
      <Field label="Key" required error={fieldError(save.error, 'key')}>
        {(aria) => <Input {...aria} className="mono" autoFocus={!variable} readOnly={variable !== null} required value={key} onChange={(event) => setKey(event.target.value)} />}
      </Field>
      <Field label="Value" hint={secret ? 'It is hidden; leave this empty to keep it.' : 'A text; JSON when the DAG reads it as JSON.'} error={fieldError(save.error, 'value')}>
        {(aria) => <TextArea {...aria} className="mono" rows={5} spellCheck={false} autoFocus={variable !== null} value={value} onChange={(event) => setValue(event.target.value)} />}
      </Field>
      <Field label="Description">{(aria) => <Input {...aria} value={description} onChange={(event) => setDescription(event.target.value)} />}</Field>
    </FormDialog>
  )
}
