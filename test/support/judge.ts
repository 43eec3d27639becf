import { userValue, valueOfUser } from '../../src/graph/user-values.ts'
import { loadCheckFunction } from '../../src/columns/check-function.ts'
import { nothingLoaded } from '../../src/graph/kind.ts'
import type { Subject, Validator, ValidatorContext } from '../../src/validators/define.ts'
import { validators } from '../../src/validators/index.ts'

/** A built-in validator at work, between values of JavaScript. */
export interface Judge extends AsyncDisposable {
  /** Of what it loaded. */
  readonly identity: unknown
  judge(targets: unknown, others?: Readonly<Record<string, unknown>>): Promise<unknown>
}

function validatorOf(type: string): Validator {
  const found = validators.find((one) => one.type === type)
  if (found === undefined) throw new Error(`no validator ${type}`)
  return found
}

const context: ValidatorContext = {
  path: [],
  name: 'check',
  targets: ['x'],
  columns: new Map(),
  isColumn: (name) => name.length === 1,
}

/** Reads the parameters, loads and opens, as a column does. */
export async function openJudge(
  type: string,
  written: unknown,
  { directory = process.cwd() }: { directory?: string } = {},
): Promise<Judge> {
  const validator = validatorOf(type)
  const params = validator.params.parse(written)
  const { signal } = new AbortController()
  const functions = new Map<string, unknown>()
  const loaded =
    (await validator.load?.(params, {
      directory,
      signal,
      userFunction: (reference, field) =>
        loadCheckFunction(reference, field, { directory, functions, signal }),
    })) ?? nothingLoaded
  const closing: (() => Promise<void>)[] = []
  validator.describe(params, context, loaded)
  const openContext = {
    name: 'check',
    refersTo: (name: string) => name.length === 1,
    onClose: (close: () => Promise<void>) => closing.push(close),
  }
  if (validator.by === 'request') throw new Error(`${type} asks a service`)
  const judge = validator.open(params, openContext, loaded)
  return {
    identity: loaded.identity,
    async judge(given, others = {}) {
      const isRow = validator.judges === 'row'
      // What a row has, written as an object.
      const targets = Object.entries(isRow ? (given as object) : { x: given })
      const subject: Subject = {
        row: 0,
        targets: new Map(targets.map(([name, value]) => [name, valueOfUser(value)])),
        get: (name) => valueOfUser(others[name]),
      }
      return userValue(await judge(subject, signal))
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing) await close()
    },
  }
}
