/** The log of one try: filters, search, following, and only as many lines in the page as fit on the screen. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { ApiError } from '@/api/http'
import { Empty, Problem, Skeleton } from '@/components/Feedback'
import { Icon } from '@/components/Icon'
import { useShortcuts } from '@/components/shortcuts'
import type { TaskRef } from '@/features/actions/targets'
import { everything, filterLines, findLines, toText, type LogFilter } from './lines'
import { LogRow } from './LogRow'
import { LogToolbar } from './LogToolbar'
import { useLogSettings } from './settings'
import { useLog } from './use-log'
import './logs.css'

const LINE = 20
/** Nearer than this to the end (pixels) counts as being there. */
const NEAR_END = 30

interface Props {
  task: TaskRef
  tryNumber: number
  live: boolean
  /** Open at the end: that is where a failure is told. */
  atEnd: boolean
}

export function LogView({ task, tryNumber, live, atEnd }: Props) {
  const log = useLog(task, tryNumber, live)
  const [filter, setFilter] = useState<LogFilter>(everything)
  const [text, setText] = useState('')
  const [match, setMatch] = useState(0)
  const [follow, setFollow] = useState(live)
  const [settings, change] = useLogSettings()
  const scroller = useRef<HTMLDivElement>(null)
  const query = useDeferredValue(text)

  const lines = useMemo(() => filterLines(log.lines, filter), [log.lines, filter])
  const found = useMemo(() => findLines(lines, query), [lines, query])
  const current = found.length === 0 ? -1 : (found[match % found.length] ?? -1)
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 30,
    getItemKey: (index) => lines[index]?.number ?? index,
  })

  const toEnd = useCallback(() => {
    if (lines.length > 0) virtual.scrollToIndex(lines.length - 1, { align: 'end' })
  }, [lines.length, virtual])

  useEffect(() => {
    if (follow) toEnd()
  }, [follow, toEnd])

  const opened = useRef(false)
  useEffect(() => {
    if (opened.current || lines.length === 0 || log.status !== 'ended') return
    opened.current = true
    if (atEnd) toEnd()
  }, [atEnd, lines.length, log.status, toEnd])

  // A new search goes to its first match; after that only n and N move.
  const shownFor = useRef('')
  useEffect(() => {
    if (shownFor.current === query) return
    shownFor.current = query
    const first = found[0]
    if (first === undefined) return
    setFollow(false)
    virtual.scrollToIndex(first, { align: 'center' })
  }, [query, found, virtual])

  const show = (index: number) => {
    setFollow(false)
    setMatch(index)
    const line = found[index]
    if (line !== undefined) virtual.scrollToIndex(line, { align: 'center' })
  }
  const step = (by: number) => found.length > 0 && show((match + by + found.length) % found.length)

  useShortcuts({
    f: () => setFollow((now) => !now),
    w: () => change({ wrap: !settings.wrap }),
    n: () => step(1),
    N: () => step(-1),
  })

  const download = () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([toText(log.lines), '\n'], { type: 'text/plain' }))
    link.download = `${task.dagId}.${task.taskId}${task.mapIndex >= 0 ? `.${task.mapIndex}` : ''}.try${tryNumber}.log`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
  }

  if (log.status === 'failed' && log.lines.length === 0) {
    if (log.error instanceof ApiError && log.error.status === 404) {
      return (
        <Empty icon="runs" title="There is no log of this try">
          {log.error.message}
        </Empty>
      )
    }
    return <Problem error={log.error} />
  }

  return (
    <div className="log" data-wrap={settings.wrap || undefined} data-times={settings.times} data-source={settings.source || undefined}>
      <LogToolbar
        filter={filter}
        onFilter={setFilter}
        lines={log.lines}
        text={text}
        onText={(next) => {
          setText(next)
          setMatch(0)
        }}
        found={found.length}
        match={found.length === 0 ? 0 : (match % found.length) + 1}
        onStep={step}
        follow={follow}
        onFollow={setFollow}
        status={log.status}
        settings={settings}
        onSettings={change}
        onDownload={download}
      />
      {log.status === 'loading' ? (
        <Skeleton rows={12} height={LINE} />
      ) : (
        <div
          ref={scroller}
          className="log-scroll"
          role="log"
          aria-label="Log"
          aria-live="off"
          tabIndex={0}
          onWheel={(event) => {
            if (event.deltaY < 0) setFollow(false)
          }}
          onScroll={(event) => {
            const at = event.currentTarget
            const end = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_END
            // Scrolling to the end of a growing log follows it.
            if (end && !follow && log.status === 'streaming' && live) setFollow(true)
          }}
          onKeyDown={(event) => {
            if (['ArrowUp', 'PageUp', 'Home'].includes(event.key)) setFollow(false)
          }}
        >
          <div className="log-lines" style={{ height: virtual.getTotalSize(), '--digits': String(log.lines.length).length } as React.CSSProperties}>
            {virtual.getVirtualItems().map((item) => {
              const line = lines[item.index]
              return (
                line && (
                  <div key={item.key} data-index={item.index} ref={settings.wrap ? virtual.measureElement : undefined} className="log-place" style={{ transform: `translateY(${item.start}px)` }}>
                    <LogRow line={line} times={settings.times} base={log.lines[0]?.timestamp ?? null} query={query} current={item.index === current} />
                  </div>
                )
              )
            })}
          </div>
          {lines.length === 0 && (
            <p className="log-none">{log.lines.length > 0 ? 'No line passes the filter.' : live ? 'Nothing has been written yet.' : 'Nothing was written.'}</p>
          )}
        </div>
      )}
      {live && !follow && lines.length > 0 && (
        <button type="button" className="log-jump" onClick={() => setFollow(true)}>
          <Icon name="bottom" size={14} /> Follow the end
        </button>
      )}
    </div>
  )
}
