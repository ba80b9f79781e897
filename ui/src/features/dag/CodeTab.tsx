/** The DAG's source as it was when a version was made. */
import { useSearchParams } from 'react-router'
import { ApiError } from '@/api/http'
import { useDag, useSource, useVersions } from '@/api/queries'
import { Code, CopyButton } from '@/components/Code'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { Menu } from '@/components/Menu'
import { Time } from '@/components/Time'
import { useDagId } from './dag-id'

export function CodeTab() {
  const dagId = useDagId()
  const [params, setParams] = useSearchParams()
  const chosen = params.get('version') === null ? null : Number(params.get('version'))
  const dag = useDag(dagId)
  const source = useSource(dagId, chosen)
  const versions = useVersions(dagId)
  const list = versions.data?.dag_versions ?? []
  const shown = source.data?.version_number ?? chosen
  const version = list.find((item) => item.version_number === shown)
  const text = source.data?.content

  return (
    <div className="code-page">
      <div className="toolbar">
        <span className="mono dim truncate">{dag.data?.relative_fileloc ?? dag.data?.fileloc}</span>
        {list.length > 0 && (
          <Menu
            label="Version"
            align="left"
            className="button"
            trigger={
              <>
                Version {shown ?? list[0]?.version_number}
                {version && (
                  <span className="dimmer">
                    <Time at={version.created_at} relative />
                  </span>
                )}
                <Icon name="down" size={12} />
              </>
            }
            items={list.map((item) => ({
              label: `Version ${item.version_number}`,
              hint: <Time at={item.created_at} relative />,
              checked: item.version_number === shown,
              onSelect: () => setParams({ version: String(item.version_number) }, { replace: true }),
            }))}
          />
        )}
        <span className="grow" />
        {typeof text === 'string' && <CopyButton text={text} label="Copy the source" />}
      </div>
      <div className="code-scroll">
        {source.isPending ? (
          <Skeleton rows={16} height={22} />
        ) : source.isError ? (
          source.error instanceof ApiError && source.error.status === 404 ? (
            <Empty icon="code" title="The source is not stored">
              It is kept when a version of the DAG is made.
            </Empty>
          ) : (
            <Problem error={source.error} retry={() => void source.refetch()} />
          )
        ) : (
          <Code text={text ?? ''} language="python" numbers />
        )}
      </div>
    </div>
  )
}
