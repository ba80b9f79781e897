/** Colouring of Python and JSON: text into tokens, line by line. */

export type TokenKind = 'plain' | 'keyword' | 'string' | 'number' | 'comment' | 'name'

export interface Token {
  kind: TokenKind
  text: string
}

export type Language = 'python' | 'json'

const keywords = 'False None True and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield'

const rules: Record<Language, RegExp> = {
  python: new RegExp(
    [
      /(?<comment>#[^\n]*)/,
      /(?<string>\b[rbfuRBFU]{0,2}(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)|"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)/,
      /(?<name>@[\w.]+|(?<=\b(?:def|class)\s+)\w+)/,
      new RegExp(`(?<keyword>\\b(?:${keywords.replaceAll(' ', '|')})\\b)`),
      /(?<number>\b(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?j?)\b)/,
    ]
      .map((rule) => rule.source)
      .join('|'),
    'g',
  ),
  json: /(?<name>"(?:\\.|[^"\\\n])*"(?=\s*:))|(?<string>"(?:\\.|[^"\\\n])*"?)|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<keyword>\b(?:true|false|null)\b)/g,
}

/** The tokens of each line. A token over several lines (a docstring) is cut at its line ends. */
export function highlight(text: string, language: Language): Token[][] {
  const lines: Token[][] = [[]]
  const add = (kind: TokenKind, piece: string) => {
    piece.split('\n').forEach((part, index) => {
      if (index > 0) lines.push([])
      if (part !== '') lines.at(-1)?.push({ kind, text: part })
    })
  }
  let last = 0
  for (const match of text.matchAll(rules[language])) {
    add('plain', text.slice(last, match.index))
    const kind = Object.entries<string | undefined>(match.groups ?? {}).find(([, value]) => value !== undefined)?.[0] ?? 'plain'
    add(kind as TokenKind, match[0])
    last = match.index + match[0].length
  }
  add('plain', text.slice(last))
  return lines
}
