/** How a run ended. `stopped`: by itself, with rows remaining. */
export type SchedulerEnd =
  | { kind: 'complete' }
  | { kind: 'stopped'; reason: string; error: Error | null }
  | { kind: 'interrupted' }

/** Why nothing more is begun, once something says so. */
export interface Stopping {
  /** No group is opened any more. */
  readonly begun: boolean
  /** Nothing is sent any more either, whatever waits. */
  readonly quiet: boolean
  readonly draining: boolean
  /** Asked for from outside; answers whether that is new. */
  drain(): boolean
  /** An endpoint refuses everything: work on other endpoints continues. */
  endpointRefuses(error: Error): void
  /** Too many cells fail. */
  shutDown(reason: string): void
  /** How the run ended, when it did not fail. */
  end(allDecided: boolean): SchedulerEnd
}

export function createStopping({ settleOnly }: { settleOnly: boolean }): Stopping {
  let stop: { reason: string; error: Error | null } | null = null

  function stopFor(reason: string, error: Error | null): void {
    stop ??= { reason, error }
    stopping.begun = true
  }

  // Fields and no getters: they are asked for several times with every reply.
  const stopping = {
    begun: false,
    quiet: settleOnly,
    draining: false,
    drain() {
      if (stopping.draining) return false
      stopping.draining = true
      stopping.begun = true
      stopping.quiet = true
      return true
    },
    endpointRefuses: (error: Error) => stopFor(error.message, error),
    shutDown(reason: string) {
      stopping.quiet = true
      stopFor(reason, null)
    },
    end(allDecided: boolean): SchedulerEnd {
      if (allDecided) return { kind: 'complete' }
      if (stopping.draining) return { kind: 'interrupted' }
      return { kind: 'stopped', ...(stop ?? { reason: 'rows remain', error: null }) }
    },
  }
  return stopping
}
