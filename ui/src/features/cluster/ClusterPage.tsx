/** The machines behind the tasks: workers, queues, pods and the processes of the installation. */
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { Bar, useTitle } from '@/components/Page'
import { Duration } from '@/components/Time'
import { useCluster } from './orders'
import { PodsCard } from './PodsCard'
import { ProcessesCard } from './ProcessesCard'
import { QueuesCard } from './QueuesCard'
import type { Cluster } from './types'
import { isLocal, totals, usesPods, usesWorkers } from './words'
import { WorkersCard } from './WorkersCard'
import './cluster.css'

export function ClusterPage() {
  useTitle('Cluster')
  const [params] = useSearchParams()
  const cluster = useCluster()
  return (
    <div className="page">
      <Bar crumbs={[{ label: 'Cluster' }]} lead={cluster.data && <span className="dimmer truncate">{cluster.data.executors.join(', ')}</span>} />
      <div className="page-body">
        {cluster.isPending ? <Skeleton rows={10} height={38} /> : cluster.data === undefined ? <Problem error={cluster.error} retry={() => void cluster.refetch()} /> : <Parts cluster={cluster.data} at={params.get('at')} />}
      </div>
    </div>
  )
}

function Parts({ cluster, at }: { cluster: Cluster; at: string | null }) {
  const sum = totals(cluster)
  const pods = usesPods(cluster) || cluster.pods.length > 0
  return (
    <>
      {sum.unserved.length > 0 && (
        <div className="banner banner-warn" role="status">
          <Icon name="alert" /> {sum.unserved.length === 1 ? `Tasks wait in the queue ${sum.unserved[0]}, which no worker serves.` : `Tasks wait in queues that no worker serves: ${sum.unserved.join(', ')}.`}
        </div>
      )}
      <div className="cluster">
        <dl className="cluster-sums">
          <Sum name="Running" value={sum.running} hint={sum.slots > 0 && !pods ? `of ${sum.slots.toLocaleString('en')} places` : undefined} />
          <Sum name="Queued" value={sum.queued} hint={sum.oldest === null ? 'nothing waits' : <>the oldest for <Duration start={sum.oldest} end={null} /></>} />
          {usesWorkers(cluster) && <Sum name="Workers" value={sum.online} hint={without(cluster, sum.online)} />}
          {pods && <Sum name="Pods" value={cluster.pods.filter((pod) => pod.ended_at === null).length} hint={pending(cluster)} />}
        </dl>
        <QueuesCard cluster={cluster} />
        {cluster.workers.length > 0 ? <WorkersCard cluster={cluster} at={at} /> : usesWorkers(cluster) && <NoWorkers cluster={cluster} />}
        {isLocal(cluster) && <Local />}
        {pods && <PodsCard cluster={cluster} at={at} />}
        <ProcessesCard cluster={cluster} />
      </div>
    </>
  )
}

function Sum({ name, value, hint }: { name: string; value: number; hint: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong className="tabular">{value.toLocaleString('en')}</strong>
        {hint !== undefined && <span className="dimmer">{hint}</span>}
      </dd>
    </div>
  )
}

function without(cluster: Cluster, online: number): string {
  const others = cluster.workers.filter((worker) => worker.form !== 'local').length - online
  return others > 0 ? `and ${others} that ${others === 1 ? 'takes' : 'take'} no tasks` : 'that take tasks'
}

function pending(cluster: Cluster): string {
  const waiting = cluster.pods.filter((pod) => pod.phase === 'Pending').length
  return waiting === 0 ? 'that are there' : `${waiting} not begun yet`
}

/** All tasks run here: what else there is. */
function Local() {
  return (
    <aside className="cluster-teach">
      <Icon name="info" />
      <div>
        <p>
          All tasks run beside the scheduler, on its machine: <code>[core] executor = LocalExecutor</code>. Nothing more is needed until one machine is too small.
        </p>
        <ul>
          <li>
            <code>EdgeExecutor</code>: <code>tradewind worker</code> on any machine that reaches this server.
          </li>
          <li>
            <code>CeleryExecutor</code>: workers that Redis or RabbitMQ tells of tasks, with Flower and Celery’s own tools.
          </li>
          <li>
            <code>KubernetesExecutor</code>: a pod for each task.
          </li>
        </ul>
        <p>Several may be used side by side; a task chooses with <code>executor=</code>.</p>
      </div>
    </aside>
  )
}

function NoWorkers({ cluster }: { cluster: Cluster }) {
  const celery = cluster.executors.some((name) => name.includes('Celery'))
  return (
    <section className="card cluster-card">
      <Empty icon="cluster" title="No worker is there">
        <p>
          Start one where the DAG files are: <code>{celery ? 'tradewind celery worker' : 'tradewind worker'}</code>
        </p>
        <p>
          It needs {celery && <><code>[celery] broker_url</code>, </>}<code>[core] execution_api_server_url</code> and <code>[api_auth] jwt_secret</code>, and no database. Workers that something starts when tasks come are welcome to be none when nothing waits.
        </p>
      </Empty>
    </section>
  )
}
