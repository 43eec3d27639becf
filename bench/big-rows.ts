import { type BigRun, runBig } from '../test/big-rows/run.ts'
import type { Figure } from './harness.ts'

// Rows that nothing could hold together, in processes with an old space of 120 MB a thread, killed
// twice: the most memory such a process has, and what the kills made it ask again.

const cases: readonly (BigRun & { name: string })[] = [
  {
    name: '4,096 answers of 100 KB',
    shape: 'answer',
    characters: 100_000,
    rows: 4_096,
    partRows: 1_368,
    bufferSize: 456,
    concurrency: 16,
    kills: [1_500, 1_500],
  },
  ...(['answer', 'two-answers', 'expression', 'vector', 'seed'] as const).map((shape) => ({
    name: `512 rows of 2 MB, ${shape}`,
    shape,
    characters: 2_000_000,
    rows: 512,
    partRows: 192,
    bufferSize: 64,
    concurrency: 4,
    kills: [150, 150],
  })),
]

export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const { name, ...options } of cases) {
    const started = performance.now()
    const { asked, accepted, peakKiB } = await runBig(options)
    if (accepted !== options.rows) throw new Error(`${name}: ${accepted} rows`)
    const perRow = options.shape === 'two-answers' ? 2 : 1
    figures.push(
      { name: `${name}: most memory (VmHWM)`, value: peakKiB / 1024, unit: 'MiB', limit: 900 },
      { name: `${name}: asked again`, value: asked - perRow * options.rows, unit: 'requests' },
      { name: `${name}: time`, value: (performance.now() - started) / 1000, unit: 's' },
    )
  }
  return figures
}
