import type { ColumnSetup } from './column-cases.ts'
import type { ConformanceCase } from './conformance-case.ts'

export type { ColumnSetup } from './column-cases.ts'

const names = [
  'describes its fields, for editors',
  'refuses a field it does not know',
  'takes the fields every column has',
  'compiles without a problem, and twice to the same',
  'binds to its description',
  'reads only the columns it declares, and makes the same cell in any order',
]

/** The cases for one column kind, for any test runner. */
export function columnSuite(setup: ColumnSetup): ConformanceCase[] {
  return names.map((name) => ({
    name,
    async run() {
      // Loaded on first use: it compiles configs, and a door for tests should open at once.
      const { columnCases } = await import('./column-cases.ts')
      await columnCases(setup)[name]?.()
    },
  }))
}
