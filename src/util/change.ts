/** Something that happens again and again, and those who wait for the next time. */
export interface Change {
  readonly tell: () => void
  /** Resolves the next time it happens. */
  readonly next: () => Promise<void>
}

export function createChange(): Change {
  let waiting = Promise.withResolvers<void>()
  return {
    tell() {
      waiting.resolve()
      waiting = Promise.withResolvers()
    },
    next: () => waiting.promise,
  }
}
