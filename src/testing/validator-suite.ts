import { deepStrictEqual, ok } from 'node:assert/strict'
import { loadCheckFunction } from '../columns/check-function.ts'
import { valueOfUser } from '../graph/user-values.ts'
import { nothingLoaded } from '../graph/kind.ts'
import type { Subject, Validator, ValidatorContext, Verdict } from '../validators/define.ts'
import { casesOf, checkDescribed, type ConformanceCase } from './conformance-case.ts'

/** A validator under test: its parameters and the values it judges. */
export interface ValidatorSetup {
  kind: Validator
  /** `validator_params` as a config has them, all sound. */
  params: object
  /** Values of one target, valid ones and others. */
  values: readonly unknown[]
  /** Where it loads from. */
  directory?: string
}

const context: ValidatorContext = {
  path: ['columns', 0],
  name: 'check',
  targets: ['target'],
  columns: new Map(),
  isColumn: (name) => name === 'target',
}

/** The cases for one validator, for any test runner. */
export function validatorSuite({
  kind,
  params: written,
  values,
  directory = process.cwd(),
}: ValidatorSetup): ConformanceCase[] {
  const { signal } = new AbortController()

  async function loaded(params: unknown) {
    const functions = new Map<string, unknown>()
    const own = await kind.load?.(params, {
      directory,
      signal,
      userFunction: (reference, field) =>
        loadCheckFunction(reference, field, { directory, functions, signal }),
    })
    return own ?? nothingLoaded
  }

  async function verdicts(order: readonly unknown[]): Promise<Map<unknown, Verdict>> {
    const params = kind.params.parse(written)
    const own = await loaded(params)
    const closing: (() => Promise<void>)[] = []
    const found = new Map<unknown, Verdict>()
    if (kind.by === 'request') return found
    const judge = kind.open(
      params,
      {
        name: context.name,
        refersTo: () => false,
        onClose: (close) => void closing.push(close),
      },
      own,
    )
    for (const [row, value] of order.entries()) {
      const subject: Subject = {
        row,
        targets: new Map([['target', valueOfUser(value)]]),
        get: () => null,
      }
      found.set(value, await judge(subject, signal))
    }
    for (const close of closing) await close()
    return found
  }

  return casesOf({
    'has a word for validator_type'() {
      ok(/^[a-z][a-z0-9_]*$/.test(kind.type), `'${kind.type}' is not a lower-case word`)
    },

    async 'describes its parameters, for editors'() {
      await checkDescribed(kind.params, `the validator ${kind.type}`)
    },

    'refuses a parameter it does not know'() {
      const { success } = kind.params.safeParse({ ...written, no_such_field: 1 })
      ok(!success, 'the schema of its parameters must be a strict object')
    },

    async 'accepts valid input'() {
      const params = kind.params.parse(written)
      const { problems = [] } = kind.describe(params, context, await loaded(params))
      deepStrictEqual(problems, [])
    },

    async 'gives verdicts with the fields it declared, the same in whatever order'() {
      const params = kind.params.parse(written)
      const { fields } = kind.describe(params, context, await loaded(params))
      const found = await verdicts(values)
      for (const verdict of found.values()) {
        ok(
          [true, false, null].includes(verdict.get('is_valid') as boolean),
          'is_valid is not a verdict',
        )
        const own = [...verdict.keys()].filter((field) => field !== 'is_valid')
        if (fields !== null) deepStrictEqual(own, [...fields])
      }
      const again = await verdicts(values.toReversed())
      for (const [value, verdict] of found) deepStrictEqual(again.get(value), verdict)
    },
  })
}
