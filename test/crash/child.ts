import type { RunEvent } from '../../src/run/run-event.ts'
import { testKinds } from './kinds.ts'

/**
 * One session of a run in a separate process, given as JSON in the first argument. SIGINT drains
 * it, SIGTERM aborts it.
 */
export interface Session {
  config: object
  rows?: number
  out: string
  runConfig: object
  /** File the paid columns write a line to for every cell. */
  receipts: string
  retryDropped?: boolean
  edit?: boolean
  /** The process kills itself in the middle of telling of the first such event. */
  dieAt?: RunEvent['type']
}

if (import.meta.main) {
  // As it is published: it loads in half the time of the source.
  const door = new URL('../../dist/index.js', import.meta.url)
  const { start } = (await import(door.href)) as typeof import('../../src/index.ts')
  const { receipts, dieAt, ...options }: Session = JSON.parse(process.argv[2] ?? '')
  await using run = await start({
    ...options,
    config: { config: options.config },
    plugins: [{ name: 'test', columns: testKinds(receipts) }],
    onEvent({ type }) {
      if (type === dieAt) process.kill(process.pid, 'SIGKILL')
    },
  })
  process.on('SIGINT', () => run.drain())
  process.on('SIGTERM', () => run.abort())
  console.log(JSON.stringify(await run.finished))
}
