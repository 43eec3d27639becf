/** What a failed call to the system is called (`ENOENT`); null for anything else that was thrown. */
export function systemCode(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null
  return typeof thrown.code === 'string' ? thrown.code : null
}

export function failedWith(thrown: unknown, ...codes: readonly string[]): boolean {
  const code = systemCode(thrown)
  return code !== null && codes.includes(code)
}

/** Whether there is nothing at the path of a call that failed. */
export function isMissing(thrown: unknown): boolean {
  return failedWith(thrown, 'ENOENT', 'ENOTDIR')
}

export function isDiskFull(thrown: unknown): boolean {
  return failedWith(thrown, 'ENOSPC', 'EDQUOT')
}
