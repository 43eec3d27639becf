export interface Abort {
  /** The result of the work, or the reason of an abort that happened first. */
  orElse<Result>(work: Promise<Result>): Promise<Result>
  readonly close: () => void
}

/** Ends waiting for work that does not heed its signal. */
export function createAbort(signal: AbortSignal): Abort {
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => undefined)
  const give = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', give, { once: true })
  return {
    orElse: (work) => Promise.race([work, aborted.promise]),
    close: () => signal.removeEventListener('abort', give),
  }
}
