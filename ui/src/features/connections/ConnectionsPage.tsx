/** Connections: list, make, change, delete. */
import { useState } from 'react'
import { useList, useSave } from '@/api/crud'
import type { ConnectionBody, ConnectionCollectionResponse, ConnectionResponse } from '@/api/schema'
import { Field, Input } from '@/components/Field'
import { JsonEditor } from '@/components/JsonEditor'
import { fieldError, FormDialog, PAGE, RemoveDialog, RowActions, SettingsFrame, usePaging } from '@/components/Settings'
import { parseConf } from '@/features/trigger/params'
import { connectionTypes } from './types'

export function ConnectionsPage() {
  const paging = usePaging()
  const [editing, setEditing] = useState<ConnectionResponse | 'new' | null>(null)
  const [removing, setRemoving] = useState<string | null>(null)
  const list = useList<ConnectionCollectionResponse>('connections', { limit: PAGE, offset: paging.offset, order_by: ['connection_id'], connection_id_pattern: paging.text === '' ? null : `%${paging.text}%` })
  const rows = list.data?.connections ?? []
  return (
    <>
      <SettingsFrame
        title="Connections"
        one="connection"
        icon="plug"
        empty="Where systems are and how to log in to them. Operators and hooks find them by their id."
        paging={paging}
        list={list}
        total={list.data?.total_entries ?? 0}
        count={rows.length}
        onNew={() => setEditing('new')}
      >
        <table className="table">
          <thead>
            <tr>
              <th>Connection id</th>
              <th>Type</th>
              <th>Host</th>
              <th>Login</th>
              <th>Description</th>
              <th>
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.connection_id}>
                <td className="mono">{row.connection_id}</td>
                <td>
                  <span className="tag">{row.conn_type}</span>
                </td>
                <td className="mono dim">
                  {row.host}
                  {row.port !== null && `:${row.port}`}
                  {row.schema !== null && row.schema !== '' && `/${row.schema}`}
                </td>
                <td className="dim">{row.login}</td>
                <td className="dim">{row.description}</td>
                <RowActions name={row.connection_id} onEdit={() => setEditing(row)} onRemove={() => setRemoving(row.connection_id)} />
              </tr>
            ))}
          </tbody>
        </table>
      </SettingsFrame>
      {editing !== null && <ConnectionForm connection={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {removing !== null && (
        <RemoveDialog kind="connections" one="connection" id={removing} onClose={() => setRemoving(null)}>
          Tasks that use it fail from then on.
        </RemoveDialog>
      )}
    </>
  )
}

const textOrNull = (text: string) => (text === '' ? null : text)

function ConnectionForm({ connection, onClose }: { connection: ConnectionResponse | null; onClose: () => void }) {
  const [draft, setDraft] = useState({
    connection_id: connection?.connection_id ?? '',
    conn_type: connection?.conn_type ?? '',
    description: connection?.description ?? '',
    host: connection?.host ?? '',
    port: connection?.port?.toString() ?? '',
    schema: connection?.schema ?? '',
    login: connection?.login ?? '',
    password: '',
    extra: connection?.extra ?? '',
  })
  const save = useSave<ConnectionBody>('connections')
  const set = (name: keyof typeof draft) => (event: { target: { value: string } }) => setDraft({ ...draft, [name]: event.target.value })
  const extra = parseConf(draft.extra)
  const port = draft.port === '' ? null : Number(draft.port)
  const portError = port !== null && (!Number.isInteger(port) || port < 0 || port > 65_535) ? 'A port is a number from 0 to 65535.' : fieldError(save.error, 'port')

  const submit = () => {
    if (!extra.ok || (port !== null && portError !== undefined && portError.startsWith('A port'))) return
    const body: ConnectionBody = {
      connection_id: draft.connection_id,
      conn_type: draft.conn_type,
      description: textOrNull(draft.description),
      host: textOrNull(draft.host),
      port,
      schema: textOrNull(draft.schema),
      login: textOrNull(draft.login),
      extra: textOrNull(draft.extra),
    }
    const mask = ['conn_type', 'description', 'host', 'port', 'schema', 'login', 'extra']
    // The server never tells a password, so an empty field keeps the one that is stored.
    const password = draft.password === '' ? {} : { password: draft.password }
    save.mutate({ id: connection?.connection_id ?? null, body: { ...body, ...password }, ...(connection ? { mask: [...mask, ...Object.keys(password)] } : {}) }, { onSuccess: onClose })
  }

  return (
    <FormDialog wide title={connection ? `Edit ${connection.connection_id}` : 'New connection'} busy={save.isPending} error={save.error} onSubmit={submit} onClose={onClose}>
      <div className="form-pair">
        <Field label="Connection id" required error={fieldError(save.error, 'connection_id')}>
          {(aria) => <Input {...aria} className="mono" autoFocus={!connection} readOnly={connection !== null} value={draft.connection_id} onChange={set('connection_id')} />}
        </Field>
        <Field label="Type" required error={fieldError(save.error, 'conn_type')}>
          {(aria) => <Input {...aria} className="mono" list="connection-types" value={draft.conn_type} placeholder="postgres, http, aws, …" onChange={set('conn_type')} />}
        </Field>
      </div>
      <datalist id="connection-types">
        {connectionTypes.map((type) => (
          <option key={type} value={type} />
        ))}
      </datalist>
      <div className="form-host">
        <Field label="Host">{(aria) => <Input {...aria} value={draft.host} onChange={set('host')} />}</Field>
        <Field label="Port" error={portError}>
          {(aria) => <Input {...aria} inputMode="numeric" value={draft.port} onChange={set('port')} />}
        </Field>
        <Field label="Schema or database">{(aria) => <Input {...aria} value={draft.schema} onChange={set('schema')} />}</Field>
      </div>
      <div className="form-pair">
        <Field label="Login">{(aria) => <Input {...aria} value={draft.login} onChange={set('login')} />}</Field>
        <Field label="Password" hint={connection ? 'Leave it empty to keep the stored one.' : undefined}>
          {(aria) => <Input {...aria} type="password" autoComplete="new-password" value={draft.password} onChange={set('password')} />}
        </Field>
      </div>
      <Field label="Description">{(aria) => <Input {...aria} value={draft.description} onChange={set('description')} />}</Field>
      <div className="field">
        <label>Extra</label>
        <JsonEditor label="Extra as JSON" value={draft.extra} rows={3} onChange={(value) => setDraft({ ...draft, extra: value })} error={extra.ok ? undefined : extra.message} />
      </div>
    </FormDialog>
  )
}
