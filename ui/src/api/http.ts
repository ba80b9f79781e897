/** Calls to the server: one function, one error type, one place that knows about sessions. */
import type { HTTPExceptionResponse, HTTPValidationError } from './schema'

export type QueryValue = string | number | boolean | null | undefined | readonly string[]

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Query parameters; null, undefined and '' are left out, arrays are repeated. */
  query?: Record<string, QueryValue>
  /** Sent as JSON. */
  body?: unknown
  signal?: AbortSignal | undefined
  accept?: string
}

/** An answer that is not 2xx, or no answer at all (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** Messages by the name of the field in the request body that they are about. */
  readonly fields: Record<string, string>

  constructor(status: number, message: string, fields: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.fields = fields
  }
}

let sessionEnded: () => void = () => undefined

/** Registers what happens when the server says that nobody is logged in (401). */
export function onSessionEnded(handler: () => void): void {
  sessionEnded = handler
}

/** Joins path segments, each percent-encoded: run ids hold `+`, `:` and sometimes `/`. */
export function path(...segments: readonly (string | number)[]): string {
  return segments.map((segment) => '/' + encodeURIComponent(segment)).join('')
}

export function queryString(query: Record<string, QueryValue>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === '') continue
    if (typeof value === 'object') value.forEach((item) => params.append(name, item))
    else params.append(name, String(value))
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

/** Sends a request and returns the response if it is 2xx; throws `ApiError` otherwise. */
export async function send(url: string, options: RequestOptions = {}): Promise<Response> {
  const method = options.method ?? 'GET'
  const headers: Record<string, string> = { Accept: options.accept ?? 'application/json' }
  // The cookie alone must not be enough to change anything (cross-site requests carry no such header).
  if (method !== 'GET') headers['X-Tradewind-Request'] = '1'
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(url + queryString(options.query ?? {}), {
      method,
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'The server cannot be reached.')
  }
  if (response.ok) return response
  const failure = await readError(response)
  if (response.status === 401 && !url.startsWith('/ui/login') && !url.startsWith('/ui/me')) sessionEnded()
  throw failure
}

/** Sends a request and returns its JSON body (undefined for an empty one). */
export async function call<T>(url: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(url, options)
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

async function readError(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '')
  try {
    return errorFromBody(response.status, JSON.parse(text))
  } catch {
    return new ApiError(response.status, statusText(response.status))
  }
}

/** Understands the API's error bodies: a text, an object with a reason, or a list of field errors. */
export function errorFromBody(status: number, body: unknown): ApiError {
  const detail =
    typeof body === 'object' && body !== null && 'detail' in body
      ? (body as HTTPExceptionResponse | HTTPValidationError).detail
      : undefined
  if (typeof detail === 'string') return new ApiError(status, detail)
  if (Array.isArray(detail)) {
    const fields: Record<string, string> = {}
    for (const item of detail) {
      const place = item.loc.filter((part) => part !== 'body' && part !== 'query' && part !== 'path').join('.')
      fields[place] ??= item.msg
    }
    const message = Object.entries(fields)
      .map(([place, text]) => (place === '' ? text : `${place}: ${text}`))
      .join('; ')
    return new ApiError(status, message === '' ? statusText(status) : message, fields)
  }
  if (typeof detail === 'object') {
    for (const key of ['message', 'orig_error', 'reason']) {
      const value = detail[key]
      if (typeof value === 'string') return new ApiError(status, value)
    }
  }
  return new ApiError(status, statusText(status))
}

function statusText(status: number): string {
  switch (status) {
    case 401:
      return 'You are not logged in.'
    case 403:
      return 'Your role does not allow this.'
    case 404:
      return 'There is no such thing here.'
    case 409:
      return 'This conflicts with something that exists already.'
    default:
      return status >= 500 ? `The server failed to answer (${status}).` : `The request was refused (${status}).`
  }
}
