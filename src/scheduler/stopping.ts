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
  /** An endpoint refuses everything: work on other endpoints goes on. */
  endpointRefuses(error: Error): void
  /** Too many cells fail. */
  shutDown(reason: string): void
  /** How the run ended, when it did not fail. */
  end(allDecided: boolean): SchedulerEnd
}

export function createStopping({ settleOnly }: { settleOnly: boolean }): Stopping {
  let draining = false
  let stop: { reason: string; error: Error | null } | null = null
  let shutDown = false
  return {
    get begun() {
      return draining || stop !== null
    },
    get quiet() {
      return draining || settleOnly || shutDown
    },
    get draining() {
      return draining
    },
    drain() {
      if (draining) return false
      draining = true
      return true
    },
    endpointRefuses(error) {
      stop ??= { reason: error.message, error }
    },
    shutDown(reason) {
      shutDown = true
      stop ??= { reason, error: null }
    },
    end(allDecided) {
      if (allDecided) return { kind: 'complete' }
      if (draining) return { kind: 'interrupted' }
      return { kind: 'stopped', ...(stop ?? { reason: 'rows remain', error: null }) }
    },
  }
}
