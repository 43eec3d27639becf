import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecordBatch, RecordColumn, RunningKind } from '../../src/graph/processor-kind.ts'
import { passesOf, rereadable } from '../../src/processors/dataset-pass.ts'
import { processorKinds } from '../../src/processors/index.ts'
import { createPassCounts, type ProcessorCount } from '../../src/processors/pass-counts.ts'
import type { Cell } from '../../src/util/value.ts'

export interface Passed {
  rows: number[]
  records: Cell[][]
  names: string[]
  counts: ProcessorCount[]
}

/** What comes out of processors for records whose rows are their places. */
export async function passed(
  steps: readonly object[],
  columns: readonly RecordColumn[],
  records: readonly (readonly Cell[])[],
): Promise<Passed> {
  let at = columns
  const processors = steps.map((written, index) => {
    const type: unknown = Reflect.get(written, 'processor_type')
    const kind = processorKinds.find((one) => one.type === type) as RunningKind
    const config = kind.schema.parse({ name: `p${index}`, ...written })
    const { columns: output, problems = [] } = kind.output(config, at, sound)
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '))
    const step = { origin: null, title: `p${index}`, kind, config, input: at, output }
    at = output
    return step
  })
  const { own } = passesOf({ processors, output: at }, 7n)
  const folders: string[] = []
  const counts = createPassCounts()
  const scratch = async (): Promise<string> => {
    folders.push(await mkdtemp(join(tmpdir(), 'rowsmith-pass-')))
    return folders.at(-1) ?? ''
  }
  const out: Passed = { rows: [], records: [], names: at.map(({ name }) => name), counts: [] }
  try {
    const given = rereadable(() => batches(records, columns.length))
    for await (const batch of own?.run(given, { warn: () => {}, scratch, counts }) ?? given) {
      out.rows.push(...batch.rows)
      for (const each of batch.rows.keys()) {
        out.records.push(batch.columns.map((values) => values[each] ?? null))
      }
    }
  } finally {
    for (const folder of folders) await rm(folder, { recursive: true })
  }
  return { ...out, counts: counts.list() }
}

const sound = {
  path: ['processors', 0],
  leftOut: new Map<string, string>(),
  isUncertain: () => false,
}

async function* batches(
  records: readonly (readonly Cell[])[],
  width: number,
): AsyncGenerator<RecordBatch> {
  for (let from = 0; from < records.length; from += 100) {
    const part = records.slice(from, from + 100)
    yield {
      rows: Float64Array.from(part, (_, index) => from + index),
      columns: Array.from({ length: width }, (_, column) =>
        part.map((record) => record[column] ?? null),
      ),
    }
  }
}
