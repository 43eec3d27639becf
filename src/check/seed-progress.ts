import type { OnSeedProgress } from '../seeds/read-progress.ts'
import type { Clock } from '../util/clock.ts'
import type { SeedProgressEvent } from './check-event.ts'

/** Between two events; a seed that is read sooner has none. */
const INTERVAL_MS = 250

/** Tells of a pass over a seed now and then, and of its end if it was reported before. */
export function tellSeedProgress(
  phase: 'reading' | 'copying',
  clock: Clock,
  emit: (event: SeedProgressEvent) => void,
): OnSeedProgress {
  const began = clock.now()
  let last = began
  return ({ path, bytes, totalBytes }) => {
    const now = clock.now()
    const isEnd = bytes === totalBytes && last > began
    if (now - last < INTERVAL_MS && !isEnd) return
    last = now
    emit({ type: 'seed-progress', phase, path, bytes, totalBytes })
  }
}
