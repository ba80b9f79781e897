/** Files that could not be imported: where, why, and the traceback. */
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { useImportErrors } from '@/api/queries'
import type { ImportError } from '@/api/types'
import { CopyButton } from '@/components/Code'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { SearchBox } from '@/components/Field'
import { Icon } from '@/components/Icon'
import { Bar, Pager, useTitle } from '@/components/Page'
import { Time } from '@/components/Time'
import { readError } from './parse'
import './import-errors.css'

const PAGE = 50

export function ImportErrorsPage() {
  useTitle('Import errors')
  const [params, setParams] = useSearchParams()
  const [text, setText] = useState('')
  const [offset, setOffset] = useState(0)
  const list = useImportErrors({ limit: PAGE, offset, filename_pattern: text === '' ? undefined : `%${text}%` })
  const errors = list.data?.import_errors ?? []
  const chosen = errors.find((error) => String(error.import_error_id) === params.get('id')) ?? errors[0]
  return (
    <div className="page">
      <Bar crumbs={[{ label: 'Import errors' }]} lead={list.isSuccess && <span className={`count ${list.data.total_entries > 0 ? 'count-danger' : ''}`}>{list.data.total_entries}</span>} />
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Skeleton rows={6} height={56} />
      ) : errors.length === 0 && text === '' ? (
        <Empty icon="check" title="Every file was imported">
          When a file in the DAGs folder cannot be imported, it is listed here with the place and the traceback, and its DAGs stay as they were.
        </Empty>
      ) : (
        <div className="errors">
          <div className="errors-list">
            {(list.data.total_entries > 5 || text !== '') && (
              <div className="toolbar">
                <SearchBox
                  label="Search files"
                  value={text}
                  onChange={(next) => {
                    setText(next)
                    setOffset(0)
                  }}
                />
              </div>
            )}
            <ul>
              {errors.map((error) => {
                const { message, line } = readError(error)
                return (
                  <li key={error.import_error_id}>
                    <button type="button" aria-current={error === chosen || undefined} onClick={() => setParams({ id: String(error.import_error_id) }, { replace: true })}>
                      <span className="mono truncate errors-file" title={error.filename}>
                        {error.filename}
                        {line !== null && <span className="dimmer">:{line}</span>}
                      </span>
                      <span className="truncate dim">{message.split('\n')[0]}</span>
                    </button>
                  </li>
                )
              })}
            </ul>
            {errors.length === 0 && <p className="dimmer errors-none">No file matches.</p>}
            <Pager offset={offset} limit={PAGE} total={list.data.total_entries} onOffset={setOffset} />
          </div>
          {chosen && <ErrorDetails key={chosen.import_error_id} error={chosen} />}
        </div>
      )}
    </div>
  )
}

function ErrorDetails({ error }: { error: ImportError }) {
  const { message, line } = readError(error)
  return (
    <article className="errors-detail">
      <header>
        <h2 className="mono">
          {error.filename}
          {line !== null && <span className="dimmer">:{line}</span>}
        </h2>
        <p className="dimmer">
          Line {line ?? 'unknown'} · seen <Time at={error.timestamp} relative />
          {error.bundle_name !== null && ` · ${error.bundle_name}`}
        </p>
      </header>
      <p className="errors-message">
        <Icon name="alert" />
        <span>{message}</span>
      </p>
      <div className="errors-trace">
        <div className="row">
          <h3 className="grow">Traceback</h3>
          <CopyButton text={error.stack_trace} label="Copy the traceback" />
        </div>
        <pre className="code" tabIndex={0}>
          {error.stack_trace
            .trimEnd()
            .split('\n')
            .map((text, index) => {
              const own = text.includes(`${error.filename}"`)
              return (
                <span key={index} className={own ? 'errors-own' : undefined}>
                  {text}
                  {'\n'}
                </span>
              )
            })}
        </pre>
      </div>
      <p className="dim">Save the file again when it is mended: it is read at once, and this entry goes away by itself.</p>
    </article>
  )
}
