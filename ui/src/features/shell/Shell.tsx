/** The frame around every page: sidebar, palette, shortcuts, live status. */
import { Suspense, useState } from 'react'
import { NavLink, Outlet, useNavigate } from 'react-router'
import { useQueryClient } from '@tanstack/react-query'
import { useImportErrors } from '@/api/queries'
import type { Me } from '@/api/types'
import { call } from '@/api/http'
import { Icon, type IconName } from '@/components/Icon'
import { Logo } from '@/components/Logo'
import { Menu } from '@/components/Menu'
import { useShortcuts } from '@/components/shortcuts'
import { setTheme, useTheme, type Theme } from '@/components/theme'
import { useNow, useZone } from '@/components/Time'
import { formatInstant, zoneName } from '@/components/time'
import { useToast } from '@/components/Toast'
import { HealthDot } from './HealthDot'
import { Palette } from './Palette'
import { ShortcutHelp } from './ShortcutHelp'
import './shell.css'

interface Place {
  to: string
  icon: IconName
  label: string
  keys: string
}

const places: readonly Place[] = [
  { to: '/dags', icon: 'dags', label: 'DAGs', keys: 'g d' },
  { to: '/runs', icon: 'runs', label: 'Runs', keys: 'g r' },
  { to: '/import-errors', icon: 'alert', label: 'Import errors', keys: 'g i' },
  { to: '/cluster', icon: 'cluster', label: 'Cluster', keys: 'g k' },
  { to: '/events', icon: 'activity', label: 'Events', keys: 'g e' },
]

const settings: readonly Place[] = [
  { to: '/variables', icon: 'variable', label: 'Variables', keys: 'g v' },
  { to: '/connections', icon: 'plug', label: 'Connections', keys: 'g c' },
  { to: '/pools', icon: 'pool', label: 'Pools', keys: 'g p' },
]

export function Shell({ me }: { me: Me }) {
  const navigate = useNavigate()
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  const { zone, setZone } = useZone()
  const errors = useImportErrors({ limit: 1, offset: 0 })
  const errorCount = errors.data?.total_entries ?? 0

  useShortcuts({
    'mod+k': () => setPalette(true),
    '?': () => setHelp(true),
    '/': () => document.querySelector<HTMLInputElement>('[data-shortcut="/"]')?.focus(),
    z: () => setZone(zone === 'utc' ? 'local' : 'utc'),
    ...Object.fromEntries([...places, ...settings].map((place) => [place.keys, () => void navigate(place.to)])),
  })

  const link = (place: Place) => (
    <NavLink key={place.to} to={place.to} className="side-link" title={`${place.label} (${place.keys.replace(' ', ' then ')})`}>
      <Icon name={place.icon} />
      <span className="side-label">{place.label}</span>
      {place.to === '/import-errors' && errorCount > 0 && <span className="count count-danger">{errorCount}</span>}
    </NavLink>
  )

  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <aside className="side">
        <NavLink to="/dags" className="side-brand" aria-label="Tradewind, home">
          <Logo />
          <span className="side-label">
            <strong>Tradewind</strong>
            {me.instance_name !== '' && me.instance_name !== 'Tradewind' && <small className="truncate">{me.instance_name}</small>}
          </span>
        </NavLink>
        <button type="button" className="side-search" onClick={() => setPalette(true)} aria-label="Search and commands">
          <Icon name="search" size={14} />
          <span className="side-label grow">Go to…</span>
          <kbd className="side-label">{/Mac/.test(navigator.userAgent) ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <nav aria-label="Main" className="side-nav">
          {places.map(link)}
          <h2 className="side-heading side-label">Settings</h2>
          {settings.map(link)}
        </nav>
        <div className="side-foot">
          <HealthDot version={me.version} />
          <ZoneSwitch />
          <UserMenu me={me} onHelp={() => setHelp(true)} />
        </div>
      </aside>
      <main id="main" className="main" tabIndex={-1}>
        <Suspense fallback={null}>
          <Outlet />
        </Suspense>
      </main>
      {palette && <Palette onClose={() => setPalette(false)} places={[...places, ...settings]} />}
      {help && <ShortcutHelp onClose={() => setHelp(false)} />}
    </div>
  )
}

/** The time now in the zone in use; a click switches between local time and UTC. */
function ZoneSwitch() {
  const { zone, setZone } = useZone()
  const now = useNow()
  const other = zone === 'utc' ? 'local time' : 'UTC'
  return (
    <button type="button" className="side-link" onClick={() => setZone(zone === 'utc' ? 'local' : 'utc')} title={`Times are shown in ${zone === 'utc' ? 'UTC' : 'local time'}. Switch to ${other} (z)`}>
      <Icon name="clock" />
      <span className="side-label tabular">
        {formatInstant(new Date(now).toISOString(), zone).slice(11, 16)} <span className="dimmer">{zoneName(zone, now)}</span>
      </span>
      <span className="visually-hidden">Switch to {other}</span>
    </button>
  )
}

const themes: readonly { value: Theme; label: string; icon: IconName }[] = [
  { value: 'system', label: 'System theme', icon: 'monitor' },
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
]

function UserMenu({ me, onHelp }: { me: Me; onHelp: () => void }) {
  const theme = useTheme()
  const client = useQueryClient()
  const toast = useToast()
  const logout = async () => {
    try {
      await call('/ui/logout', { method: 'POST' })
      client.clear()
      location.assign('/login')
    } catch (problem) {
      toast.error(problem)
    }
  }
  return (
    <Menu
      label={`${me.username}: theme, shortcuts, log out`}
      align="left"
      side="up"
      className="side-link"
      trigger={
        <>
          <span className="avatar" aria-hidden="true">
            {me.username.slice(0, 1).toUpperCase()}
          </span>
          <span className="side-label truncate">{me.username}</span>
        </>
      }
      header={
        <>
          {me.all_admins ? 'Everybody is an administrator here' : `${me.username} · ${me.role}`}
          <br />
          Tradewind {me.version}
        </>
      }
      items={[
        ...themes.map((item) => ({ label: item.label, checked: item.value === theme, keepOpen: true, onSelect: () => setTheme(item.value) })),
        'line',
        { label: 'Keyboard shortcuts', icon: 'keyboard', hint: '?', onSelect: onHelp },
        ...(me.all_admins ? [] : (['line', { label: 'Log out', icon: 'logout', onSelect: () => void logout() }] as const)),
      ]}
    />
  )
}
