import { appendFileSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { commonFields } from '../../src/config/common-fields.ts'
import { vectorType } from '../../src/graph/column-type.ts'
import { type ColumnKind, defineColumn } from '../../src/graph/kind.ts'
import { start } from '../../src/run/run.ts'
import { scriptedProvider } from '../../src/testing/index.ts'

/**
 * One session of a run of large rows, in a separate process with a small heap. Every request is a
 * line in `receipts`; prints the most memory the process had, in KiB.
 */
export interface BigRows {
  out: string
  rows: number
  partRows: number
  bufferSize: number
  concurrency: number
  /** Characters of a value; bytes of a vector. */
  characters: number
  /** Where the large values are: what the model answers, or what it is asked in addition to a short answer. */
  shape: 'answer' | 'expression' | 'seed' | 'vector' | 'two-answers'
  seedFile?: string
  receipts: string
  /** The process kills itself when the model was asked so often. */
  dieAfter?: number
}

/** A value of so many characters, made of a short one. */
function bigText(key: string, characters: number): string {
  const unit = `${key}, and so on; `
  return unit.repeat(Math.ceil(characters / unit.length)).slice(0, characters)
}

const vectorSchema = z.strictObject({
  ...commonFields,
  column_type: z.literal('big-vector'),
  of: z.string(),
  size: z.number(),
})

/** A vector that is paid for, so that the ledger holds it until its part is written. */
const bigVector: ColumnKind<z.output<typeof vectorSchema>> = defineColumn({
  type: 'big-vector',
  schema: vectorSchema,
  describe: ({ of, size }, { path }) => ({
    by: 'cell',
    pure: false,
    output: vectorType(size),
    references: [{ name: of, path: [...path, 'of'] }],
    routes: [],
  }),
  bind: ({ of, size }, context) => ({
    by: 'cell',
    requests: 'none',
    run(row) {
      const number = Number(row.get(context.columnId(of)))
      const value = Float32Array.from({ length: size }, (_, at) => (number + at) / 7)
      return Promise.resolve({ value })
    },
  }),
})

function configOf({ shape, characters, seedFile }: BigRows): object {
  const key = {
    name: 'n',
    column_type: 'expression',
    expr: '{{ key | int }}',
    dtype: 'int',
  }
  const number = {
    name: 'key',
    column_type: 'sampler',
    sampler_type: 'uniform',
    params: { low: 0, high: 1_000_000 },
  }
  const llm = (name: string, prompt: string): object => ({
    name,
    column_type: 'llm-text',
    model_alias: 'm',
    prompt,
  })
  const units = Math.ceil(characters / 20)
  const shapes: Record<BigRows['shape'], object[]> = {
    answer: [number, key, llm('answer', 'about {{ n }}')],
    'two-answers': [
      number,
      key,
      llm('first', 'about {{ n }}'),
      llm('second', 'more of {{ first[:20] }}'),
    ],
    expression: [
      number,
      key,
      { name: 'big', column_type: 'expression', expr: `{{ ('%018d; ' % n) * ${units} }}` },
      llm('answer', 'about {{ big[:20] }}'),
    ],
    vector: [
      number,
      key,
      { name: 'big', column_type: 'big-vector', of: 'n', size: characters / 4 },
      llm('answer', 'about {{ n }}'),
    ],
    seed: [llm('answer', 'about {{ text[:20] }}')],
  }
  return {
    model_providers: [
      { name: 'p', provider_type: 'scripted', endpoint: 'http://scripted.invalid' },
    ],
    model_configs: [{ alias: 'm', provider: 'p', model: 'x', skip_health_check: true }],
    columns: shapes[shape],
    ...(seedFile === undefined
      ? {}
      : { seed_config: { source: { seed_type: 'local', path: seedFile } } }),
  }
}

function peakKiB(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0)
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2] ?? '') as BigRows
  const { out, rows, partRows, bufferSize, concurrency, characters, shape, receipts } = options
  const answersAreLarge = shape === 'answer' || shape === 'two-answers'
  let asked = 0
  const provider = scriptedProvider(
    ({ prompt }) => {
      asked += 1
      appendFileSync(receipts, '.')
      if (asked === options.dieAfter) process.kill(process.pid, 'SIGKILL')
      return answersAreLarge ? bigText(prompt, characters) : `short, ${prompt}`
    },
    // As fast as a disk takes the answers, about: those on the way to it are asked again after a kill.
    { delayMs: answersAreLarge ? 20 : 2 },
  )
  const config = configOf(options) as { model_configs: object[] }
  config.model_configs = config.model_configs.map((model) => ({
    ...model,
    inference_parameters: { max_parallel_requests: concurrency },
  }))
  await using run = await start({
    out,
    rows,
    seed: 1n,
    config: { config },
    plugins: [{ name: 'test', columns: [bigVector], providers: [provider] }],
    runConfig: { buffer_size: bufferSize, part_rows: partRows },
  })
  const result = await run.finished
  console.log(JSON.stringify({ rows: result.rows, peakKiB: peakKiB() }))
}
