/** What is about to be triggered, with the button. */
import type { DAGDetailsResponse } from '@/api/schema'
import { Button } from '@/components/Button'
import { Code } from '@/components/Code'
import { Markdown } from '@/components/Markdown'
import { Time } from '@/components/Time'

interface Props {
  dag: DAGDetailsResponse
  conf: Record<string, unknown> | null
  busy: boolean
  error: string | null
}

export function Summary({ dag, conf, busy, error }: Props) {
  const empty = conf !== null && Object.keys(conf).length === 0
  return (
    <aside className="trigger-side">
      <Button type="submit" kind="primary" icon="play" busy={busy}>
        Trigger
      </Button>
      <p className="dimmer trigger-keys">
        <kbd>Ctrl</kbd> <kbd>Enter</kbd>
      </p>
      {error !== null && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      <h3>{dag.dag_display_name}</h3>
      <p className="dim">
        {dag.timetable_description ?? dag.timetable_summary ?? 'Not scheduled'}
        {dag.next_dagrun_run_after !== null && !dag.is_paused && (
          <>
            {'; next by itself '}
            <Time at={dag.next_dagrun_run_after} relative />
          </>
        )}
      </p>
      {(dag.active_runs_count ?? 0) > 0 && (
        <p className="dim">
          {dag.active_runs_count} of at most {dag.max_active_runs ?? '∞'} runs are active.
        </p>
      )}
      {conf !== null && !empty && (
        <>
          <h3>Configuration</h3>
          <div className="trigger-preview">
            <Code text={JSON.stringify(conf, null, 2)} language="json" />
          </div>
        </>
      )}
      {dag.doc_md !== null && dag.doc_md !== '' && (
        <>
          <h3>Notes</h3>
          <Markdown text={dag.doc_md} />
        </>
      )}
    </aside>
  )
}
