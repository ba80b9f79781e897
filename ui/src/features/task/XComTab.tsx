/** What a task instance pushed for others. */
import { useXCom, useXComs } from '@/api/queries'
import type { XComResponse } from '@/api/schema'
import { JsonBlock } from '@/components/Code'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { Card } from '@/components/Page'
import { isFinished, type AnyState } from '@/components/states'
import { Time } from '@/components/Time'
import type { TaskRef } from '@/features/actions/targets'

export function XComTab({ task, state }: { task: TaskRef; state: AnyState }) {
  const list = useXComs(task.dagId, task.runId, task.taskId, task.mapIndex)
  if (list.isError) return <Problem error={list.error} retry={() => void list.refetch()} />
  if (list.isPending) return <Skeleton rows={3} height={60} />
  if (list.data.xcom_entries.length === 0) {
    return (
      <Empty icon="variable" title={isFinished(state) ? 'It pushed no XCom' : 'No XCom yet'}>
        What a task returns or pushes for others is listed here.
      </Empty>
    )
  }
  return (
    <div className="page-body">
      <div className="page-narrow cards">
        {list.data.xcom_entries.map((entry) => (
          <XCom key={entry.key} task={task} entry={entry} />
        ))}
      </div>
    </div>
  )
}

function XCom({ task, entry }: { task: TaskRef; entry: XComResponse }) {
  const xcom = useXCom(task.dagId, task.runId, task.taskId, task.mapIndex, entry.key)
  return (
    <Card
      title={<code>{entry.key}</code>}
      action={
        <span className="dimmer">
          <Time at={entry.timestamp} relative />
        </span>
      }
    >
      {xcom.isError ? <Problem error={xcom.error} /> : xcom.isPending ? <Skeleton rows={1} /> : <JsonBlock value={xcom.data.value} />}
    </Card>
  )
}
