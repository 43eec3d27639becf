/** So many at once; those that come later wait, the first of them first. */
export interface Slots {
  /** Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<Slot>
}

/** To be left once. */
interface Slot {
  leave(): void
}

export function createSlots(count: number): Slots {
  let free = count
  const waiting = new Set<() => void>()

  function leave(): void {
    free += 1
    const [next] = waiting
    next?.()
  }

  function enter(): Slot {
    free -= 1
    return { leave }
  }

  return {
    take(signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      if (free > 0) return Promise.resolve(enter())
      return new Promise((resolve, reject) => {
        const abort = (): void => {
          waiting.delete(go)
          reject(signal.reason as Error)
        }
        function go(): void {
          waiting.delete(go)
          signal.removeEventListener('abort', abort)
          resolve(enter())
        }
        waiting.add(go)
        signal.addEventListener('abort', abort, { once: true })
      })
    },
  }
}
