import { create, type RunEvent } from '../../src/index.ts'

/** A session of a run over a seed, in a separate process: its parent gives it as JSON. */
export interface SeedSession {
  seedPath: string
  strategy: 'ordered' | 'shuffle'
  out: string
  /** Rows to have in the end. */
  rows: number
  bufferSize: number
  /** The one column that is made from three of the seed. */
  column: string
  /** Seed rows of a record; one by default. */
  rowsPerRecord?: number
  /** A file that is joined by the column `id`. */
  joinPath?: string
}

/** What came of it. */
export interface SeedMeasure {
  /** Until the seed was read, and from then until it was copied. */
  readingSeconds: number
  copyingSeconds: number
  /**
   * When parts were committed, how much processor time the engine's thread had used since rows
   * were begun, and how many rows there were then.
   */
  commits: { seconds: number; cpuSeconds: number; rows: number }[]
  /** The whole of the process. */
  peakMb: number
}

if (import.meta.main) {
  const session: SeedSession = JSON.parse(process.argv[2] ?? '')
  process.stdout.write(JSON.stringify(await run(session)))
}

async function run(session: SeedSession): Promise<SeedMeasure> {
  const { seedPath: path, strategy, out, rows, bufferSize, column } = session
  const { rowsPerRecord = 1, joinPath } = session
  const join =
    joinPath === undefined
      ? {}
      : { join: [{ source: { seed_type: 'local', path: joinPath }, on: 'id', prefix: 'other_' }] }
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1_000
  let read = 0
  let opened = 0
  let cpu = process.threadCpuUsage()
  let committed = 0
  const commits: SeedMeasure['commits'] = []

  function onEvent(event: RunEvent): void {
    // Nothing happens between the reading and the first look at the copying that takes time.
    if (event.type === 'seed-progress' && event.phase === 'reading') read = seconds()
    if (event.type === 'run-opened') {
      opened = seconds()
      cpu = process.threadCpuUsage()
      commits.push({ seconds: 0, cpuSeconds: 0, rows: 0 })
    }
    if (event.type === 'part-committed') {
      committed += event.rows
      const { user, system } = process.threadCpuUsage(cpu)
      const cpuSeconds = (user + system) / 1e6
      commits.push({ seconds: seconds() - opened, cpuSeconds, rows: committed })
    }
  }

  await create({
    config: {
      config: {
        seed: 1,
        seed_config: {
          source: { seed_type: 'local', path },
          sampling_strategy: strategy,
          rows_per_record: rowsPerRecord,
          ...join,
        },
        columns: [
          { name: column, column_type: 'expression', expr: '{{ name }} of {{ city }}, {{ age }}' },
        ],
      },
    },
    rows,
    out,
    runConfig: { buffer_size: bufferSize, part_rows: 5_000 },
    onEvent,
  })
  return {
    readingSeconds: read,
    copyingSeconds: opened - read,
    commits,
    peakMb: process.resourceUsage().maxRSS / 1_024,
  }
}
