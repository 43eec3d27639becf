import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { bindGenerators } from '../../src/rows/bind.ts'
import { prepare } from '../../src/check/prepare.ts'
import { assemblePart } from '../../src/rows/assemble.ts'
import { createEvaluator } from '../../src/rows/evaluate.ts'
import { holdNothing } from '../../src/rows/held-rows.ts'
import { createJournal } from '../../src/store/batching-journal.ts'
import { systemClock } from '../../src/util/clock.ts'
import { createEngine } from '../support/engine.ts'

// Prints the bytes that the three hottest paths allocate, per cell or row. A process of its own:
// the young generation is fixed (see the flags of the test) so that what is allocated in a measured
// run is all still there, and the heap's growth is what was allocated.

/** Bytes allocated by one of `count` steps, once the code is compiled. */
async function allocated(count: number, work: () => Promise<void>): Promise<number> {
  for (let round = 0; round < 8; round += 1) await work()
  let collections = 0
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length
  })
  const samples: number[] = []
  for (let round = 0; round < 5; round += 1) {
    gc?.()
    await wait(20)
    collections = 0
    observer.observe({ entryTypes: ['gc'] })
    const before = process.memoryUsage().heapUsed
    await work()
    const bytes = process.memoryUsage().heapUsed - before
    // Entries are handed over in a later turn.
    await wait(20)
    observer.disconnect()
    if (collections === 0) samples.push(bytes / count)
  }
  if (samples.length === 0) throw new Error('the garbage collector ran in every measured round')
  return Math.min(...samples)
}

async function modelCells(): Promise<number> {
  const columns = ['a', 'b', 'c', 'd'].map((name, at, names) => ({
    name,
    route: 'm',
    ...(at === 0 ? {} : { after: [names[at - 1] as string] }),
  }))
  const rows = 1_000
  return allocated(rows * columns.length, async () => {
    const engine = createEngine({ columns, rows, groupRows: 250, slots: { m: 64 } })
    await engine.run()
    if (engine.cells.length !== rows * columns.length)
      throw new Error(`${engine.cells.length} cells`)
  })
}

async function pureRows(): Promise<number> {
  await using prepared = await prepare({
    config: {
      config: {
        columns: [
          sampler('region', 'category', { values: ['north', 'south', 'east'] }),
          sampler('income', 'gaussian', { mean: 52_000, stddev: 9_000 }),
          sampler('id', 'uuid', {}),
          { column_type: 'expression', name: 'label', expr: '{{ region }}-{{ income }}' },
          {
            column_type: 'expression',
            name: 'thousands',
            expr: '{{ income / 1000 }}',
            dtype: 'float',
          },
        ],
      },
    },
    environment: {},
    clock: systemClock,
    signal: new AbortController().signal,
  })
  const { graph } = prepared
  const generators = bindGenerators({ graph, runSeed: 1n, models: [], seed: null })
  const evaluator = createEvaluator({ graph, onConditionError: () => undefined })
  const count = 4_000
  return allocated(count, async () => {
    const part = assemblePart({
      graph,
      generators,
      evaluator,
      clock: systemClock,
      rows: Float64Array.from({ length: count }, (_, row) => row),
      read: () => {
        throw new Error('nothing is journaled')
      },
      hold: holdNothing,
      frameRows: 1_000,
      localWorkers: 4,
      signal: new AbortController().signal,
    })
    let made = 0
    for await (const block of part.blocks) {
      made += block.rows.length
      block.release()
    }
    if (made !== count) throw new Error(`${made} rows`)
  })
}

function sampler(name: string, type: string, params: object): object {
  return { column_type: 'sampler', name, sampler_type: type, params }
}

async function journaledCells(): Promise<number> {
  const count = 8_000
  return allocated(count, async () => {
    let committed = 0
    const batching = createJournal({
      clock: systemClock,
      settings: {
        columns: [{ name: 'a', type: 'string', fingerprint: 'f', material: '', drop: false }],
      },
      commit: () => Promise.resolve(),
      onCommitted: (records) => (committed += records),
    })
    for (let row = 0; row < count; row += 1) {
      batching.journal.cell({ row, column: 0, value: 'a short answer' })
    }
    await batching.flush()
    if (committed !== count) throw new Error(`${committed} records`)
  })
}

console.log(
  JSON.stringify({
    modelCell: await modelCells(),
    pureRow: await pureRows(),
    journaledCell: await journaledCells(),
  }),
)
