/** So many at once; those that come later wait, the first of them first. */
export interface Slots {
  /** Rejects with the signal's reason. What it resolves with frees the slot. */
  take(signal: AbortSignal): Promise<Disposable>
}

export function createSlots(count: number): Slots {
  let free = count
  const waiting = new Set<() => void>()

  function leave(): void {
    free += 1
    const [next] = waiting
    next?.()
  }

  function enter(): Disposable {
    free -= 1
    let left = false
    return {
      [Symbol.dispose]() {
        if (!left) leave()
        left = true
      },
    }
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
