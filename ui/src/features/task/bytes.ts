/** Sizes in words. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `512 B`, `1.5 KiB`, `58 MiB`: one decimal below ten. */
export function formatBytes(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit > 0 && size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`
}
