/** Terminal colours in log text. */

export interface AnsiPart {
  text: string
  /** 0–7, the classic colours; null for the default. */
  color: number | null
  bold: boolean
}

// eslint-disable-next-line no-control-regex -- escape sequences are control characters
const SEQUENCE = /\u001b\[([\d;]*)([A-Za-z])|\u001b\][^\u0007]*\u0007|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u001b]/g

/** Splits text at colour changes; every other escape sequence and control character is dropped. */
export function parseAnsi(text: string): AnsiPart[] {
  const parts: AnsiPart[] = []
  let color: number | null = null
  let bold = false
  let last = 0
  const add = (piece: string) => {
    if (piece !== '') parts.push({ text: piece, color, bold })
  }
  for (const match of text.matchAll(SEQUENCE)) {
    add(text.slice(last, match.index))
    last = match.index + match[0].length
    if (match[2] !== 'm') continue
    for (const code of (match[1] ?? '').split(';').map(Number)) {
      if (code === 0) {
        color = null
        bold = false
      } else if (code === 1) bold = true
      else if (code === 22) bold = false
      else if (code >= 30 && code <= 37) color = code - 30
      else if (code >= 90 && code <= 97) color = code - 90
      else if (code === 39) color = null
    }
  }
  add(text.slice(last))
  return parts
}

/** The text without escape sequences. */
export const stripAnsi = (text: string): string => text.replace(SEQUENCE, '')
