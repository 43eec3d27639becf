import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { formatPath } from '../../src/config/format-problems.ts'
import { validate } from '../../src/index.ts'
import type { ServerAction } from '../../src/testing/model-server.ts'
import { runExample } from '../support/run-example.ts'

interface Case {
  trap: string
  config: string
  /** Rows to make; as many as there are records when left out. */
  rows?: number
  /** All columns of the dataset, in order. */
  columns?: string[]
  records?: Record<string, unknown>[]
  told?: string[]
  /** What every request is answered with. */
  answer?: ServerAction
}

const data = fileURLToPath(new URL('ancestor/data', import.meta.url))
const cases = parse(readFileSync(new URL('traps/cases.yaml', import.meta.url), 'utf8')) as Case[]

const input = ({ config }: Case): { text: string } => ({
  text: config.replaceAll('{data}', data),
})

describe('makes', () => {
  test.each(cases.filter(({ records }) => records).map((one) => [one.trap, one] as const))(
    '%s',
    async (_, one) => {
      const { records: wanted = [], columns, answer = {} } = one
      const rows = one.rows ?? wanted.length
      const { records } = await runExample(input(one), { rows, answer })
      const names = columns ?? Object.keys(records[0] ?? {})
      expect(Object.keys(records[0] ?? {})).toEqual(names)
      expect(records).toEqual(wanted.map((record) => expect.objectContaining(record) as unknown))
    },
  )
})

describe('is told', () => {
  test.each(cases.filter(({ told }) => told).map((one) => [one.trap, one] as const))(
    '%s',
    async (_, one) => {
      const { problems } = await validate({
        config: input(one),
        environment: { NVIDIA_API_KEY: 'k' },
      })
      expect(
        problems.map(({ level, code, path }) => `${level} ${code} ${formatPath(path)}`),
      ).toEqual(one.told)
    },
  )
})
