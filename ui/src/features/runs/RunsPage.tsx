/** The runs of all DAGs. */
import { Bar, useTitle } from '@/components/Page'
import { RunsTable } from './RunsTable'

export function RunsPage() {
  useTitle('Runs')
  return (
    <div className="page">
      <Bar crumbs={[{ label: 'Runs' }]} />
      <RunsTable dagId="~" />
    </div>
  )
}
