import { create } from '../../src/index.ts'

// One run over texts that marks near-copies, in a separate process: what it took is printed.

const [seed = '', rows = '', out = ''] = process.argv.slice(2)
const started = performance.now()
const result = await create({
  config: {
    config: {
      seed_config: { source: { seed_type: 'local', path: seed } },
      columns: [{ name: 'row_text', column_type: 'expression', expr: '{{ copy_of }}' }],
      processors: [
        {
          name: 'near',
          processor_type: 'dedupe',
          method: 'near',
          columns: ['text'],
          duplicates: 'mark',
        },
      ],
    },
  },
  rows: Number(rows),
  seed: 1n,
  out,
})
console.log(
  JSON.stringify({
    counts: result.processed?.counts,
    seconds: (performance.now() - started) / 1_000,
    peakMb: process.resourceUsage().maxRSS / 1_024,
  }),
)
