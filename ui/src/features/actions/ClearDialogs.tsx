/** Asking before task instances are reset, with the list of what will be. */
import { useState } from 'react'
import type { NewTaskResponse, TaskInstanceResponse } from '@/api/schema'
import { Confirm } from '@/components/Dialog'
import { Checkbox } from '@/components/Field'
import { StateIcon } from '@/components/StateIcon'
import { messageOf, useToast } from '@/components/Toast'
import { useClear, useClearPreview, useClearRun, useClearRunPreview, type ClearOptions, type RunRef, type TaskRef } from './targets'
import './actions.css'

const none: ClearOptions = { only_failed: false, include_upstream: false, include_downstream: true, include_past: false, include_future: false }

const choices: readonly { name: keyof ClearOptions; label: string; hint: string }[] = [
  { name: 'include_downstream', label: 'Downstream', hint: 'Everything that depends on it' },
  { name: 'include_upstream', label: 'Upstream', hint: 'Everything that it depends on' },
  { name: 'include_past', label: 'Past', hint: 'The same in earlier runs' },
  { name: 'include_future', label: 'Future', hint: 'The same in later runs' },
  { name: 'only_failed', label: 'Only failed', hint: 'Leave what went well' },
]

export function ClearTask({ task, onClose }: { task: TaskRef; onClose: () => void }) {
  const [options, setOptions] = useState(none)
  const preview = useClearPreview(task, options)
  const clear = useClear(task)
  const toast = useToast()
  const found = preview.data?.task_instances ?? []
  return (
    <Confirm
      title={`Clear ${task.taskId}?`}
      confirm={found.length === 1 ? 'Clear 1 task instance' : `Clear ${found.length} task instances`}
      busy={clear.isPending || preview.isPending}
      error={clear.isError ? messageOf(clear.error) : preview.isError ? messageOf(preview.error) : null}
      onClose={onClose}
      onConfirm={() => {
        if (found.length === 0) return
        clear.mutate(options, {
          onSuccess: () => {
            toast.ok(`${found.length} task instance${found.length === 1 ? '' : 's'} will run again.`)
            onClose()
          },
        })
      }}
    >
      <p className="dim">Cleared task instances lose their state and run again. Running ones are stopped first.</p>
      <div className="action-options">
        {choices.map((choice) => (
          <Checkbox key={choice.name} checked={options[choice.name]} onChange={(checked) => setOptions({ ...options, [choice.name]: checked })} label={choice.label} hint={choice.hint} />
        ))}
      </div>
      <Preview instances={found} loading={preview.isPending} />
    </Confirm>
  )
}

export function ClearRun({ run, onClose }: { run: RunRef; onClose: () => void }) {
  const [onlyFailed, setOnlyFailed] = useState(false)
  const preview = useClearRunPreview(run, onlyFailed)
  const clear = useClearRun(run)
  const toast = useToast()
  const found = preview.data?.task_instances ?? []
  return (
    <Confirm
      title="Clear this run?"
      confirm={`Clear ${found.length} task instance${found.length === 1 ? '' : 's'}`}
      busy={clear.isPending || preview.isPending}
      error={clear.isError ? messageOf(clear.error) : preview.isError ? messageOf(preview.error) : null}
      onClose={onClose}
      onConfirm={() => {
        if (found.length === 0) return
        clear.mutate(onlyFailed, {
          onSuccess: () => {
            toast.ok('The run starts again.')
            onClose()
          },
        })
      }}
    >
      <p className="dim">The run keeps its id and configuration and runs again.</p>
      <div className="action-options">
        <Checkbox checked={onlyFailed} onChange={setOnlyFailed} label="Only failed" hint="Leave what went well" />
      </div>
      <Preview instances={found} loading={preview.isPending} />
    </Confirm>
  )
}

function Preview({ instances, loading }: { instances: readonly (TaskInstanceResponse | NewTaskResponse)[]; loading: boolean }) {
  if (loading) return <p className="dimmer action-none">Looking…</p>
  if (instances.length === 0) return <p className="dimmer action-none">Nothing matches, so nothing would be cleared.</p>
  const shown = instances.slice(0, 100)
  const runOf = (item: TaskInstanceResponse | NewTaskResponse) => ('dag_run_id' in item ? item.dag_run_id : '')
  const runs = new Set(instances.map(runOf))
  return (
    <ul className="action-list" aria-label="What will be cleared" tabIndex={0}>
      {shown.map((item, index) => (
        <li key={index}>
          <StateIcon state={'state' in item ? item.state : null} label />
          <span className="truncate">{item.task_id}</span>
          {'map_index' in item && typeof item.map_index === 'number' && item.map_index >= 0 && <span className="dimmer">[{item.map_index}]</span>}
          {runs.size > 1 && <span className="dimmer truncate mono">{runOf(item)}</span>}
        </li>
      ))}
      {instances.length > shown.length && <li className="dimmer">… and {instances.length - shown.length} more</li>}
    </ul>
  )
}
