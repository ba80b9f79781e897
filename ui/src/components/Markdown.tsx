/** The part of Markdown that DAG notes use, as elements (never as HTML, so a note cannot run anything). */
import { Fragment, type ReactNode } from 'react'

type Block = { kind: 'heading'; level: number; text: string } | { kind: 'list'; ordered: boolean; items: string[] } | { kind: 'code'; text: string } | { kind: 'text'; text: string }

/** Blocks of a text: headings, lists, fenced code, paragraphs. */
export function parseMarkdown(source: string): Block[] {
  const blocks: Block[] = []
  const lines = dedent(source).split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const heading = /^(#{1,6})\s+(.*)/.exec(line)
    const item = /^\s*(?:([-*+])|\d+[.)])\s+(.*)/.exec(line)
    const last = blocks.at(-1)
    if (/^\s*```/.test(line)) {
      const end = lines.findIndex((other, at) => at > i && /^\s*```/.test(other))
      const stop = end < 0 ? lines.length : end
      blocks.push({ kind: 'code', text: lines.slice(i + 1, stop).join('\n') })
      i = stop
    } else if (heading) blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, text: heading[2] ?? '' })
    else if (item) {
      const ordered = item[1] === undefined
      if (last?.kind === 'list' && last.ordered === ordered && lines[i - 1] !== '') last.items.push(item[2] ?? '')
      else blocks.push({ kind: 'list', ordered, items: [item[2] ?? ''] })
    } else if (line.trim() !== '') {
      if (last?.kind === 'text' && lines[i - 1]?.trim() !== '') last.text += ` ${line.trim()}`
      else blocks.push({ kind: 'text', text: line.trim() })
    }
  }
  return blocks
}

function dedent(text: string): string {
  const lines = text.replaceAll('\t', '    ').split('\n')
  const indents = lines.slice(1).filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  const least = Math.min(...indents, Infinity)
  return [lines[0]?.trim() ?? '', ...lines.slice(1).map((line) => line.slice(Number.isFinite(least) ? least : 0))].join('\n')
}

function inline(text: string): ReactNode {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*|__[^_]+__|\*[^*\s][^*]*\*|\[[^\]]+\]\([^)\s]+\))/)
  return parts.map((part, index) => {
    const link = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part)
    if (link?.[1] !== undefined && link[2] !== undefined) {
      return /^(https?:|mailto:|\/)/.test(link[2]) ? (
        <a key={index} href={link[2]} rel="noreferrer" target="_blank">
          {link[1]}
        </a>
      ) : (
        <Fragment key={index}>{link[1]}</Fragment>
      )
    }
    if (/^`.+`$/.test(part)) return <code key={index}>{part.slice(1, -1)}</code>
    if (/^(\*\*.+\*\*|__.+__)$/.test(part)) return <strong key={index}>{part.slice(2, -2)}</strong>
    if (/^\*.+\*$/.test(part)) return <em key={index}>{part.slice(1, -1)}</em>
    return <Fragment key={index}>{part}</Fragment>
  })
}

export function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      {parseMarkdown(text).map((block, index) => {
        switch (block.kind) {
          case 'heading': {
            const Heading = block.level <= 1 ? 'h2' : 'h3'
            return <Heading key={index}>{inline(block.text)}</Heading>
          }
          case 'list': {
            const List = block.ordered ? 'ol' : 'ul'
            return (
              <List key={index}>
                {block.items.map((item, at) => (
                  <li key={at}>{inline(item)}</li>
                ))}
              </List>
            )
          }
          case 'code':
            return <pre key={index}>{block.text}</pre>
          case 'text':
            return <p key={index}>{inline(block.text)}</p>
        }
      })}
    </div>
  )
}
