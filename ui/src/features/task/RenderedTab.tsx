/** Template fields as they were rendered for the try. */
import type { TaskInstance } from '@/api/types'
import { CopyButton, JsonBlock } from '@/components/Code'
import { Empty } from '@/components/Feedback'
import { Card } from '@/components/Page'

export function RenderedTab({ ti }: { ti: TaskInstance }) {
  const fields = Object.entries(ti.rendered_fields ?? {})
  if (fields.length === 0) {
    return (
      <Empty icon="code" title="Nothing was rendered">
        {ti.start_date === null ? 'Template fields are rendered when a try starts.' : 'This task has no template fields.'}
      </Empty>
    )
  }
  return (
    <div className="page-body">
      <div className="page-narrow cards">
        {fields.map(([name, value]) => (
          <Card key={name} title={<code>{name}</code>} action={typeof value === 'string' && <CopyButton text={value} />}>
            {value === null || value === undefined ? <p className="dimmer card-none">None</p> : typeof value === 'string' ? <pre className="code rendered-text">{value}</pre> : <JsonBlock value={value} />}
          </Card>
        ))}
      </div>
    </div>
  )
}
