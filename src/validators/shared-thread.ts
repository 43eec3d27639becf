import { type CheckThread, type CheckThreadOptions, createCheckThread } from './check-thread.ts'

/** A thread that validators of one process use together, as long as any of them does. */
export interface SharedThread {
  /** To be closed by whoever takes it; the last one ends the thread. */
  take(): CheckThread
}

export function createSharedThread(options: CheckThreadOptions): SharedThread {
  let thread: CheckThread | null = null
  let users = 0

  return {
    take() {
      thread ??= createCheckThread(options)
      const own = thread
      users += 1
      let isOpen = true
      return {
        check: (operation, parameters) => own.check(operation, parameters),
        async close() {
          if (!isOpen) return
          isOpen = false
          users -= 1
          if (users > 0) return
          thread = null
          await own.close()
        },
      }
    },
  }
}
