/** Asking before a state is set by hand; editing a note. */
import { useState } from 'react'
import { Button } from '@/components/Button'
import { Confirm, Dialog } from '@/components/Dialog'
import { Checkbox, Field, TextArea } from '@/components/Field'
import { StateBadge } from '@/components/StateIcon'
import { stateLabel } from '@/components/states'
import { messageOf, useToast } from '@/components/Toast'
import { usePatchRun, usePatchTask, type RunRef, type TaskRef } from './targets'
import './actions.css'

export type MarkState = 'success' | 'failed'

const scopes = [
  { name: 'include_downstream', label: 'Downstream', hint: 'Everything that depends on it' },
  { name: 'include_upstream', label: 'Upstream', hint: 'Everything that it depends on' },
  { name: 'include_past', label: 'Past', hint: 'The same in earlier runs' },
  { name: 'include_future', label: 'Future', hint: 'The same in later runs' },
] as const

export function MarkTask({ task, state, onClose }: { task: TaskRef; state: MarkState; onClose: () => void }) {
  const [scope, setScope] = useState({ include_downstream: false, include_upstream: false, include_past: false, include_future: false })
  const patch = usePatchTask(task)
  const toast = useToast()
  return (
    <Confirm
      title={`Mark ${task.taskId}${task.mapIndex >= 0 ? ` [${task.mapIndex}]` : ''} as ${state}?`}
      confirm={`Mark as ${state}`}
      danger={state === 'failed'}
      busy={patch.isPending}
      error={patch.isError ? messageOf(patch.error) : null}
      onClose={onClose}
      onConfirm={() =>
        patch.mutate(
          { new_state: state, ...scope },
          {
            onSuccess: () => {
              toast.ok(
                <span className="row">
                  {task.taskId} is now <StateBadge state={state} />
                </span>,
              )
              onClose()
            },
          },
        )
      }
    >
      <p className="dim">{state === 'success' ? 'It does not run any more, and what depends on it goes on.' : 'It is stopped if it runs, and what depends on it fails with it.'}</p>
      <div className="action-options">
        {scopes.map((item) => (
          <Checkbox key={item.name} checked={scope[item.name]} onChange={(checked) => setScope({ ...scope, [item.name]: checked })} label={item.label} hint={item.hint} />
        ))}
      </div>
    </Confirm>
  )
}

export function MarkRun({ run, state, onClose }: { run: RunRef; state: MarkState; onClose: () => void }) {
  const patch = usePatchRun(run)
  const toast = useToast()
  return (
    <Confirm
      title={`Mark this run as ${state}?`}
      confirm={`Mark as ${state}`}
      danger={state === 'failed'}
      busy={patch.isPending}
      error={patch.isError ? messageOf(patch.error) : null}
      onClose={onClose}
      onConfirm={() =>
        patch.mutate(
          { state },
          {
            onSuccess: () => {
              toast.ok(`The run is now ${stateLabel(state).toLowerCase()}.`)
              onClose()
            },
          },
        )
      }
    >
      <p className="dim">
        {state === 'success' ? 'Task instances that have not ended are marked as success too.' : 'Running task instances are stopped and marked as failed; those that have not begun are skipped.'}
      </p>
    </Confirm>
  )
}

export function EditNote({ note, busy, error, onSave, onClose }: { note: string | null; busy: boolean; error: unknown; onSave: (note: string | null) => void; onClose: () => void }) {
  const [text, setText] = useState(note ?? '')
  return (
    <Dialog
      title="Note"
      onClose={onClose}
      onSubmit={() => onSave(text.trim() === '' ? null : text)}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={busy}>
            Save
          </Button>
        </>
      }
    >
      <Field label="What should others know?">{(aria) => <TextArea {...aria} autoFocus rows={5} value={text} onChange={(event) => setText(event.target.value)} />}</Field>
      {error !== null && (
        <p className="form-error" role="alert">
          {messageOf(error)}
        </p>
      )}
    </Dialog>
  )
}
