import { describe, expect, test } from 'vitest'
import { type BigRun, runBig } from './big-rows/run.ts'
import { isThorough } from './support/thorough.ts'

// Rows that no part, group or heap could hold together, in processes with an old space of 120 MB a
// thread. The full sizes are in bench/big-rows.ts.

const minutes = 60_000
const some = ['answer', 'expression', 'vector', 'seed'] as const
const shapes = isThorough ? ([...some, 'two-answers'] as const) : some
/** Answers that a kill loses: in flight, and on the way to the ledger (a sixteenth of the heap). */
const pendingBytes = 20 * 2 ** 20

function mostAsked({ rows, kills = [], concurrency, characters }: BigRun, each = 1): number {
  const pending = Math.ceil(pendingBytes / (2 * characters)) + 1
  return each * rows + kills.length * (concurrency + pending)
}

test.skipIf(process.platform !== 'linux')(
  '1,536 answers of 100 KB in three parts, killed twice',
  async () => {
    const run: BigRun = {
      shape: 'answer',
      characters: 100_000,
      rows: 1_536,
      partRows: 512,
      bufferSize: 256,
      concurrency: 16,
      kills: [550, 550],
    }
    const { accepted, asked, peakKiB } = await runBig(run)
    expect(accepted).toBe(1_536)
    expect(asked).toBeLessThanOrEqual(mostAsked(run))
    console.log(`1,536 × 100 KB: ${asked} requests, at most ${Math.round(peakKiB / 1024)} MiB`)
    // Four threads, and what is outside of their heaps.
    expect(peakKiB).toBeLessThan(900 * 1024)
  },
  6 * minutes,
)

describe.skipIf(process.platform !== 'linux')('rows of 2 MB', () => {
  const base = { characters: 2_000_000, rows: 32, partRows: 16, bufferSize: 16, concurrency: 4 }

  test.each(shapes)(
    '%s',
    async (shape) => {
      const run: BigRun = { ...base, shape, kills: [12] }
      const { accepted, asked, peakKiB } = await runBig(run)
      expect(accepted).toBe(base.rows)
      // Short answers of a session that lives a moment may all be on their way when it is killed.
      const perRow = shape === 'two-answers' ? 2 : 1
      const lost = shape.includes('answer') ? 0 : 12
      expect(asked).toBeLessThanOrEqual(mostAsked(run, perRow) + lost)
      expect(peakKiB).toBeLessThan(900 * 1024)
    },
    4 * minutes,
  )
})

test.skipIf(process.platform !== 'linux')(
  'the same answers give the same bytes, whatever the groups, kills and requests at once',
  async () => {
    const base = { shape: 'two-answers', characters: 60_000, rows: 300, partRows: 200 } as const
    const one = await runBig({ ...base, bufferSize: 200, concurrency: 32, heap: 512 })
    const other = await runBig({ ...base, bufferSize: 8, concurrency: 3, kills: [40, 200] })
    expect(other.hashes).toEqual(one.hashes)
  },
  4 * minutes,
)
