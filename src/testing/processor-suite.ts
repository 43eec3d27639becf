import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  ProcessorConfig,
  ProcessorContext,
  ProcessorKind,
  RecordBatch,
  RecordColumn,
} from '../graph/processor-kind.ts'
import { rereadable, passesOf } from '../processors/dataset-pass.ts'
import { createPassCounts } from '../processors/pass-counts.ts'
import type { Cell } from '../util/value.ts'
import { casesOf, checkDescribed, type ConformanceCase } from './conformance-case.ts'

/** A processor kind under test: its config and the records it receives. */
export interface ProcessorSetup {
  kind: ProcessorKind
  /** The processor as a config has it, all sound. */
  processor: object
  /** Columns of records that come in. */
  columns: readonly RecordColumn[]
  /** Records, each with a value for every column; at least three. */
  records: readonly (readonly Cell[])[]
}

/** The cases for one processor, for any test runner: `for (const each of …) test(each.name, each.run)`. */
export function processorSuite({
  kind,
  processor: written,
  columns,
  records,
}: ProcessorSetup): ConformanceCase[] {
  const cases = {
    'has a word for processor_type'() {
      ok(/^[a-z][a-z0-9_-]*$/.test(kind.type), `'${kind.type}' is not a lower-case word`)
    },

    async 'describes its fields, for editors'() {
      await checkDescribed(kind.schema, `the processor ${kind.type}`)
    },

    'refuses a field it does not know'() {
      const { success } = kind.schema.safeParse({ ...written, no_such_field: 1 })
      ok(!success, 'its schema must be a strict object')
    },
  }
  if (kind.by === 'row') {
    return casesOf({
      ...cases,
      'gives its column everything it needs'() {
        const fields = kind.column.fields(kind.schema.parse(written))
        strictEqual(typeof fields, 'object')
      },
    })
  }

  const ofRecords = kind
  const config: ProcessorConfig = ofRecords.schema.parse(written)
  const context: ProcessorContext = {
    path: ['processors', 0],
    leftOut: new Map(),
    isUncertain: () => false,
  }

  /** What comes out of a pass with it alone, for records that are cut into batches of a size. */
  async function outOf(size: number, given = records): Promise<Cell[][]> {
    const { columns: output } = ofRecords.output(config, columns, context)
    const step = { origin: null, title: 'it', kind: ofRecords, config, input: columns, output }
    const { own, beside } = passesOf({ processors: [step], output }, 5n)
    const pass = own ?? beside.get('it')
    if (pass === undefined) return given.map((record) => [...record])
    const out: Cell[][] = []
    const folders: string[] = []
    const means = {
      warn: () => undefined,
      async scratch() {
        const folder = await mkdtemp(join(tmpdir(), 'rowsmith-scratch-'))
        folders.push(folder)
        return folder
      },
      counts: createPassCounts(),
    }
    try {
      for await (const batch of pass.run(
        rereadable(() => batchesOf(given, columns.length, size)),
        means,
      )) {
        for (const at of batch.rows.keys())
          out.push(batch.columns.map((values) => values[at] ?? null))
      }
    } finally {
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
    }
    return out
  }

  return casesOf({
    ...cases,
    'accepts valid input'() {
      const { problems = [] } = kind.output(config, columns, context)
      deepStrictEqual(problems, [])
    },

    async 'gives the columns it said, and the same however the records are cut'() {
      const whole = await outOf(records.length)
      for (const size of [1, 2, records.length]) deepStrictEqual(await outOf(size), whole)
    },

    async 'gives no record for none, or the same ones every time'() {
      deepStrictEqual(await outOf(1, []), await outOf(2, []))
    },

    'says the same of itself every time'() {
      const { columns: once } = kind.output(config, columns, context)
      const { columns: repeated } = kind.output(config, columns, context)
      deepStrictEqual(repeated, once)
      if (kind.keepsRecords === true) return
      deepStrictEqual(kind.identity?.(config), kind.identity?.(config))
    },
  })
}

async function* batchesOf(
  records: readonly (readonly Cell[])[],
  width: number,
  size: number,
): AsyncGenerator<RecordBatch> {
  for (let from = 0; from < records.length; from += size) {
    const part = records.slice(from, from + size)
    yield {
      rows: Float64Array.from(part, (_, at) => from + at),
      columns: Array.from({ length: width }, (_, column) =>
        part.map((record) => record[column] ?? null),
      ),
    }
  }
}
