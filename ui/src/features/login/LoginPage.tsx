/** Logging in. */
import { useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { call, ApiError } from '@/api/http'
import { keys } from '@/api/keys'
import { Button } from '@/components/Button'
import { Field, Input } from '@/components/Field'
import { Logo } from '@/components/Logo'
import { useTitle } from '@/components/Page'
import { messageOf } from '@/components/Toast'
import { safeNext } from './next'
import './login.css'

/** The ways to log in, as the server has them. */
interface Logins {
  oidc: { name: string } | null
}

/** What the server says by a word when it turns somebody away who comes from elsewhere. */
const TURNED_AWAY: Record<string, string> = {
  refused: 'Logging in there did not succeed.',
  stale: 'That took too long, or began in another window. Try again.',
  unavailable: 'The server that checks who you are does not answer.',
  'no-account': 'There is no account for you here. Ask an administrator.',
}

export function LoginPage() {
  const navigate = useNavigate()
  const client = useQueryClient()
  const [params] = useSearchParams()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(TURNED_AWAY[params.get('error') ?? ''] ?? null)
  const logins = useQuery({ queryKey: ['logins'], queryFn: () => call<Logins>('/ui/logins') })
  const oidc = logins.data?.oidc ?? null
  useTitle('Log in')

  const submit = async () => {
    setBusy(true)
    setError(null)
    try {
      await call('/ui/login', { method: 'POST', body: { username, password } })
      await client.resetQueries({ queryKey: keys.me })
      await navigate(safeNext(params.get('next')), { replace: true })
    } catch (problem) {
      setError(problem instanceof ApiError && problem.status === 401 ? 'The user name or the password is wrong.' : messageOf(problem))
      setBusy(false)
    }
  }

  return (
    <main className="login">
      <svg className="login-wind" viewBox="0 0 1200 700" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
        {Array.from({ length: 15 }, (_, index) => {
          const y = 60 + index * 44
          return <path key={index} d={`M-60 ${y + 90} C 200 ${y - 30 - index * 3}, 420 ${y + 120}, 640 ${y + 20} S 1060 ${y - 80 + index * 5}, 1280 ${y - 20}`} />
        })}
      </svg>
      <form
        className="login-card"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <Logo size={44} />
        <h1>Log in to Tradewind</h1>
        <Field label="User name">
          {(aria) => <Input {...aria} name="username" autoComplete="username" autoFocus required value={username} onChange={(event) => setUsername(event.target.value)} />}
        </Field>
        <Field label="Password">
          {(aria) => <Input {...aria} name="password" type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />}
        </Field>
        {error !== null && (
          <p className="form-error" role="alert">
            {error}
          </p>
        )}
        <Button type="submit" kind="primary" busy={busy}>
          Log in
        </Button>
        {oidc !== null && (
          <a className="login-other" href={`/auth/oidc/login?next=${encodeURIComponent(safeNext(params.get('next')))}`}>
            Log in with {oidc.name}
          </a>
        )}
      </form>
    </main>
  )
}
