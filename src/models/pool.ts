import { onAbort } from './deadline.ts'

/** A fixed number of things that one at a time may use; waiting is first come, first served. */
export interface Pool<T> {
  acquire(signal: AbortSignal): Promise<T>
  release(item: T): void
}

export function createPool<T>(items: readonly T[]): Pool<T> {
  const free = [...items]
  const waiting = new Set<(item: T) => void>()

  return {
    acquire(signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      if (free.length > 0) return Promise.resolve(free.pop() as T)
      return new Promise((resolve, reject) => {
        const take = (item: T) => {
          unfollow()
          resolve(item)
        }
        const unfollow = onAbort(signal, () => {
          waiting.delete(take)
          reject(signal.reason as Error)
        })
        waiting.add(take)
      })
    },
    release(item) {
      const [next] = waiting
      if (next === undefined) {
        free.push(item)
        return
      }
      waiting.delete(next)
      next(item)
    },
  }
}
