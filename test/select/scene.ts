import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { open, type RunOptions, type RunResult } from '../../src/index.ts'
import { scriptedProvider, type ScriptedProvider } from '../../src/testing/scripted.ts'
import { testKinds } from '../crash/kinds.ts'

/** Where the runs of this test file are. */
const folder = mkdtempSync(join(tmpdir(), 'rowsmith-select-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** About 37 of 100 rows are good, by their number. */
export function isGood(row: number): boolean {
  return (row * 7919 + 13) % 100 < 37
}

/** What a stricter judge lets pass. */
export function isFine(row: number): boolean {
  return (row * 6007 + 29) % 100 < 37
}

/** Judges, the stricter one where it is asked to be; what else is asked says what it is of. */
export function model(delayed: (row: number) => number = () => 0): ScriptedProvider {
  return scriptedProvider(({ prompt }) => {
    const row = Number(/\d+/.exec(prompt)?.[0])
    return { text: answerTo(prompt, row), delayMs: delayed(row) }
  })
}

function answerTo(prompt: string, row: number): string {
  if (prompt.startsWith('judge strictly')) return isFine(row) ? 'good' : 'bad'
  if (prompt.startsWith('judge')) return isGood(row) ? 'good' : 'bad'
  return `${prompt.split(' ')[0]} of ${row}`
}

/** The row behind the `count`-th good one. */
export function endOf(count: number, wanted: (row: number) => boolean = isGood): number {
  let found = 0
  for (let row = 0; ; row += 1) {
    if (wanted(row)) found += 1
    if (found === count) return row + 1
  }
}

export interface Fields {
  /** Left out where all rows are taken. */
  select?: object
  columns?: readonly object[]
  processors?: readonly object[]
}

export function text(name: string, prompt: string): object {
  return { name, column_type: 'llm-text', model_alias: 'm', prompt }
}

export const number = { name: 'n', column_type: 'row-number' }
export const verdict = text('verdict', 'judge {{ n }}')
export const tale = text('tale', 'tale {{ n }}')

/** Requests in flight at most. */
export const slots = 8

export function configOf({
  select,
  processors = [],
  columns = [number, verdict, tale],
}: Fields): object {
  return {
    model_providers: [{ name: 'p', provider_type: 'scripted', endpoint: 'http://example.invalid' }],
    model_configs: [
      {
        alias: 'm',
        provider: 'p',
        model: 'x',
        skip_health_check: true,
        inference_parameters: { max_parallel_requests: slots },
      },
    ],
    seed: 3,
    columns,
    processors,
    ...(select === undefined ? {} : { select }),
  }
}

export const goodOnes = { where: "{{ verdict == 'good' }}" }

export function optionsOf(name: string, fields: Fields, provider: ScriptedProvider): RunOptions {
  return {
    config: { config: configOf(fields) },
    out: join(folder, name),
    runConfig: { buffer_size: 20, part_rows: 40 },
    plugins: [
      { name: 'test', providers: [provider], columns: testKinds(join(folder, 'receipts')) },
    ],
  }
}

export async function recordsIn({
  dir,
}: Pick<RunResult, 'dir'>): Promise<Record<string, unknown>[]> {
  const plugins = [{ name: 'test', columns: testKinds(''), providers: [model()] }]
  await using dataset = await open(dir, { plugins })
  const records = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

export function rowsOf(records: readonly Record<string, unknown>[]): number[] {
  return records.map(({ n }) => Number(n))
}

/** The rows below one that are wanted. */
export function rowsBelow(end: number, wanted: (row: number) => boolean): number[] {
  return Array.from({ length: end }, (_, row) => row).filter(wanted)
}
