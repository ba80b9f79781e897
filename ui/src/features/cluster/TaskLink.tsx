/** A task instance by name, as a link to its page. */
import { Link } from 'react-router'
import { path } from '@/api/http'

interface Named {
  dag_id: string
  dag_run_id: string
  task_id: string
  map_index: number
}

export function TaskLink({ task }: { task: Named }) {
  const mapped = task.map_index >= 0
  return (
    <Link className="cell-link cluster-task" to={`/dags${path(task.dag_id)}/runs${path(task.dag_run_id)}/tasks${path(task.task_id)}${mapped ? `/${task.map_index}` : ''}`} title={`${task.dag_id} · ${task.dag_run_id}`}>
      <span className="dim">{task.dag_id}</span> {task.task_id}
      {mapped && <span className="dimmer"> [{task.map_index}]</span>}
    </Link>
  )
}
