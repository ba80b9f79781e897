/** The icon set: 16-pixel line icons drawn for this product. */
const paths = {
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3 13.5 13.5',
  right: 'm6 3.5 4.5 4.5L6 12.5',
  down: 'm3.5 6 4.5 4.5L12.5 6',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  up: 'M3.5 10 8 5.5l4.5 4.5',
  play: 'M5 3.3v9.4l7.5-4.7z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  x: 'm4 4 8 8M12 4l-8 8',
  check: 'm3 8.5 3.2 3.2L13 5',
  alert: 'M8 2.3 1.9 13h12.2zM8 6.5v3M8 11.3v.1',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.3V11M8 5.1v.1',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.5',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z',
  monitor: 'M2.5 3h11v7.5h-11zM6 13.5h4',
  globe: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c3 3.3 3 8.7 0 12M8 2c-3 3.3-3 8.7 0 12',
  dags: 'M2 8a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0zM11 4a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0zM11 12a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0zM5 8c3.2 0 2.8-4 6-4M5 8c3.2 0 2.8 4 6 4',
  runs: 'M2.5 4h7M2.5 8h11M2.5 12h5',
  grid: 'M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z',
  variable: 'M5.5 2.5c-2 0-1.5 1.5-1.5 3S3.5 8 2.5 8C3.5 8 4 9 4 10.5s-.5 3 1.5 3M10.5 2.5c2 0 1.5 1.5 1.5 3S12.5 8 13.5 8c-1 0-1.5 1-1.5 2.5s.5 3-1.5 3',
  plug: 'M6 2v3.5M10 2v3.5M4 5.5h8v2a4 4 0 0 1-8 0zM8 11.5V14',
  pool: 'm8 2.2 6 3-6 3-6-3zM2 8l6 3 6-3M2 10.8l6 3 6-3',
  activity: 'M1.8 8.5h2.7l2-5.5 3 10 2-4.5h2.7',
  cluster: 'M2.5 2.5h11v4h-11zM2.5 9.5h11v4h-11zM5 4.5h.01M5 11.5h.01M8 4.5h3M8 11.5h3',
  user: 'M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM2.9 13.7c.5-2.5 2.5-3.7 5.1-3.7s4.6 1.2 5.1 3.7',
  logout: 'M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6',
  clear: 'M13 8a5 5 0 1 1-1.5-3.5M13 2.3v2.9h-2.9',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  download: 'M8 2.5v7.5M4.8 7 8 10.2 11.2 7M2.5 13.5h11',
  wrap: 'M2.5 3.5h11M2.5 8h8.7a2 2 0 0 1 0 4H8M9.7 10.3 8 12l1.7 1.7M2.5 12h2',
  bottom: 'm4 3.8 4 4 4-4M4 8.5l4 4 4-4',
  pencil: 'm3 13 .6-2.8L10.7 3l2.3 2.3-7.2 7.1zM9.3 4.5l2.2 2.2',
  trash: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9',
  code: 'M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
  filter: 'M2 4h12M4.5 8h7M6.5 12h3',
  keyboard: 'M1.8 4h12.4v8H1.8zM4.3 6.5h.01M6.8 6.5h.01M9.3 6.5h.01M11.7 6.5h.01M5 9.5h6',
  sidebar: 'M2.5 3h11v10h-11zM6.3 3v10',
  note: 'M3 2.5h10v8l-3 3H3zM5.5 5.5h5M5.5 8h3.5',
  hand: 'M8 13.7c-2.3 0-3.3-1.2-4.3-3.2l-1-2.2c.8-.7 1.7-.3 2.1.4l.7 1V4a1 1 0 0 1 2 0v3M7.5 7V2.9a1 1 0 0 1 2 0V7M9.5 7V3.7a1 1 0 0 1 2 0V9.5c0 2.8-1.2 4.2-3.5 4.2',
  fit: 'M2.5 5.5v-3h3M13.5 5.5v-3h-3M2.5 10.5v3h3M13.5 10.5v3h-3',
  eye: 'M1.5 8C3 5.2 5.2 3.8 8 3.8S13 5.2 14.5 8c-1.5 2.8-3.7 4.2-6.5 4.2S3 10.8 1.5 8zM8 9.9a1.9 1.9 0 1 0 0-3.8 1.9 1.9 0 0 0 0 3.8z',
  lock: 'M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  flag: 'M3.5 14V2.5M3.5 3h8.7l-2 3 2 3H3.5',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, size = 16, className }: { name: IconName; size?: number; className?: string }) {
  const dots = name === 'more' || name === 'keyboard'
  return (
    <svg
      className={className}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill={name === 'play' ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={dots ? 1.6 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  )
}
