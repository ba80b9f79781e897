/** Where to go after logging in. */

/** The wanted place if it is one of our own pages, else the start page (never another site). */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : '/dags'
}
