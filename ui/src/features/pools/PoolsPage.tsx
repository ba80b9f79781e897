/** Pools: how many task instances may run side by side, and how many do. */
import { useState } from 'react'
import { useList, useSave } from '@/api/crud'
import type { PoolBody, PoolCollectionResponse, PoolPatchBody, PoolResponse } from '@/api/schema'
import { Checkbox, Field, Input } from '@/components/Field'
import { fieldError, FormDialog, PAGE, RemoveDialog, RowActions, SettingsFrame, usePaging } from '@/components/Settings'
import { PoolBar } from './PoolBar'
import './pools.css'

const DEFAULT = 'default_pool'

export function PoolsPage() {
  const paging = usePaging()
  const [editing, setEditing] = useState<PoolResponse | 'new' | null>(null)
  const [removing, setRemoving] = useState<string | null>(null)
  const list = useList<PoolCollectionResponse>('pools', { limit: PAGE, offset: paging.offset, order_by: ['name'], pool_name_pattern: paging.text === '' ? null : `%${paging.text}%` })
  const rows = list.data?.pools ?? []
  return (
    <>
      <SettingsFrame title="Pools" one="pool" icon="pool" empty="Limits on how many task instances run at the same time." paging={paging} list={list} total={list.data?.total_entries ?? 0} count={rows.length} onNew={() => setEditing('new')}>
        <table className="table">
          <thead>
            <tr>
              <th>Pool</th>
              <th>Slots in use</th>
              <th className="num">Slots</th>
              <th className="num">Waiting</th>
              <th>Description</th>
              <th>
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <td className="mono">{row.name}</td>
                <td className="pool-cell">
                  <PoolBar pool={row} />
                </td>
                <td className="num tabular">{row.slots < 0 ? 'Unlimited' : row.slots}</td>
                <td className="num tabular">{row.scheduled_slots === 0 ? <span className="dimmer">0</span> : row.scheduled_slots}</td>
                <td className="dim">{row.description}</td>
                <RowActions name={row.name} onEdit={() => setEditing(row)} onRemove={row.name === DEFAULT ? undefined : () => setRemoving(row.name)} />
              </tr>
            ))}
          </tbody>
        </table>
      </SettingsFrame>
      {editing !== null && <PoolForm pool={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {removing !== null && (
        <RemoveDialog kind="pools" one="pool" id={removing} onClose={() => setRemoving(null)}>
          Task instances that name it wait until there is a pool of that name again.
        </RemoveDialog>
      )}
    </>
  )
}

function PoolForm({ pool, onClose }: { pool: PoolResponse | null; onClose: () => void }) {
  const [name, setName] = useState(pool?.name ?? '')
  const [slots, setSlots] = useState(pool?.slots.toString() ?? '8')
  const [description, setDescription] = useState(pool?.description ?? '')
  const [deferred, setDeferred] = useState(pool?.include_deferred ?? false)
  const [checked, setChecked] = useState(false)
  const save = useSave<PoolBody | PoolPatchBody>('pools')
  const fixed = pool?.name === DEFAULT
  const count = Number(slots)
  const slotsError = slots.trim() === '' || !Number.isInteger(count) || count < -1 ? 'A whole number; −1 for no limit.' : undefined
  const submit = () => {
    setChecked(true)
    if (slotsError !== undefined) return
    const shared = { slots: count, description: description === '' ? null : description, include_deferred: deferred }
    if (pool) save.mutate({ id: pool.name, body: { pool: pool.name, ...shared }, mask: fixed ? ['slots', 'include_deferred'] : ['slots', 'description', 'include_deferred'] }, { onSuccess: onClose })
    else save.mutate({ id: null, body: { name, ...shared } }, { onSuccess: onClose })
  }
  return (
    <FormDialog title={pool ? `Edit ${pool.name}` : 'New pool'} busy={save.isPending} error={save.error} onSubmit={submit} onClose={onClose}>
      <Field label="Name" required error={fieldError(save.error, 'name')}>
        {(aria) => <Input {...aria} className="mono" autoFocus={!pool} readOnly={pool !== null} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="Slots" required hint="How many may run side by side; −1 for no limit." error={(checked ? slotsError : undefined) ?? fieldError(save.error, 'slots')}>
        {(aria) => <Input {...aria} type="number" min={-1} value={slots} onChange={(event) => setSlots(event.target.value)} />}
      </Field>
      <Field label="Description">{(aria) => <Input {...aria} readOnly={fixed} value={description} onChange={(event) => setDescription(event.target.value)} />}</Field>
      <Checkbox checked={deferred} onChange={setDeferred} label="Count deferred task instances" hint="They keep their slots while they wait for a trigger." />
    </FormDialog>
  )
}
