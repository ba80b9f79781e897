/** Fuzzy matching for the palette: letters in order; starts of words and runs of letters count more. */

/** How well `query` fits `text` (higher is better), or null when a letter is missing. */
export function score(text: string, query: string): number | null {
  const hay = text.toLowerCase()
  let at = 0
  let total = 0
  let last = -2
  for (const letter of query.toLowerCase()) {
    if (letter === ' ') continue
    const found = hay.indexOf(letter, at)
    if (found < 0) return null
    total += found === last + 1 ? 4 : found === 0 || /[\s_.\-/]/.test(hay[found - 1] ?? '') ? 3 : 1
    last = found
    at = found + 1
  }
  return total - hay.length / 100
}

/** The items that fit, best first; all of them in their order for an empty query. */
export function rank<T>(items: readonly T[], query: string, textOf: (item: T) => string): T[] {
  if (query.trim() === '') return [...items]
  return items
    .map((item) => ({ item, fit: score(textOf(item), query) }))
    .filter((entry): entry is { item: T; fit: number } => entry.fit !== null)
    .sort((a, b) => b.fit - a.fit)
    .map((entry) => entry.item)
}
