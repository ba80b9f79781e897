/** What an import error says: the message and the place in the file. */
import type { ImportError } from '@/api/types'

export interface Reading {
  message: string
  line: number | null
}

/** The file's own line: the last frame of the traceback that is in it, or the one a syntax error names. */
export function readError(error: Pick<ImportError, 'filename' | 'stack_trace' | 'message' | 'line'>): Reading {
  const lines = error.stack_trace.trimEnd().split('\n')
  const own = lines.flatMap((line) => {
    const match = /^\s*File "([^"]+)", line (\d+)/.exec(line)
    return match?.[1] !== undefined && (match[1] === error.filename || match[1].endsWith(`/${error.filename}`)) ? [Number(match[2])] : []
  })
  // The message follows the last indented line of the traceback, and may have several lines.
  const lastIndented = lines.findLastIndex((line) => /^\s/.test(line))
  const told = lines.slice(lastIndented + 1).join('\n').trim()
  return {
    message: error.message ?? (told === '' ? (lines.at(-1)?.trim() ?? '') : told),
    line: error.line ?? own.at(-1) ?? null,
  }
}
