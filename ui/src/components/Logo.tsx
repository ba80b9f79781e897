/** The mark: two sails and the swell under them. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#16336f" />
      <path d="M17.6 5.2c5 3.7 7.6 9 7.6 15.6h-7.6z" fill="#fff" />
      <path d="M15.4 9.4v11.4H6.8c.6-5 3.7-9 8.6-11.4z" fill="#8fb6ff" />
      <path d="M6.4 25.2c3.2-1.9 6.4-1.9 9.6 0s6.4 1.9 9.6 0" fill="none" stroke="#fff" strokeWidth="2.2" strokeLinecap="round" />
    </svg>
  )
}
