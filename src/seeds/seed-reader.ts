import { startWorker, type WorkerClient } from '../threads/worker-calls.ts'
import type { SeedReaderCalls } from './seed-reader.worker.ts'

/** Starts the thread that reads rows of a stored seed. */
export function startSeedReader(): WorkerClient<SeedReaderCalls> {
  return startWorker('seed-reader.worker', import.meta.url)
}
