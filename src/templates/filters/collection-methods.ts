import { equals } from '../values/compare.ts'
import { spendItems } from '../limits.ts'
import { toItems } from '../values/iterate.ts'
import { toNumeric } from '../values/arithmetic.ts'
import { hashKey, isDict, orElse, textOf, View, type Operand } from '../values/operand.ts'
import { defineOperations, type Definition } from '../values/operation.ts'
import { TemplateError } from '../template-error.ts'

const noMap: ReadonlyMap<Operand, Operand> = new Map()

function mapOf(operand: Operand): ReadonlyMap<Operand, Operand> {
  return isDict(operand) ? operand : noMap
}

/** Methods that would change the value; a value is shared between columns and never changes. */
function mutators(...names: readonly string[]): Record<string, Definition> {
  return Object.fromEntries(
    names.map((name): [string, Definition] => [
      name,
      {
        variadic: () => {
          throw new TemplateError(`"${name}" would change a value, and templates cannot do that`)
        },
      },
    ]),
  )
}

export const dictMethods = defineOperations({
  items: { apply: (operand) => new View('items', mapOf(operand)) },
  keys: { apply: (operand) => new View('keys', mapOf(operand)) },
  values: { apply: (operand) => new View('values', mapOf(operand)) },
  copy: { apply: (operand) => operand },
  get: {
    parameters: ['key', 'default?'],
    apply: (operand, [key = null, fallback = null]) => {
      hashKey(key)
      return orElse(mapOf(operand).get(textOf(key) ?? key), () => fallback)
    },
  },
  ...mutators('clear', 'pop', 'popitem', 'setdefault', 'update'),
})

export const sequenceMethods = defineOperations({
  count: {
    parameters: ['value'],
    apply: (operand, [value = null]) =>
      toItems(operand).filter((item) => equals(item, value)).length,
  },
  index: {
    parameters: ['value', 'start?', 'stop?'],
    apply: (operand, [value = null, start = 0, stop]) => {
      const items = toItems(operand)
      const from = bound(start, items.length)
      const to = stop === undefined ? items.length : bound(stop, items.length)
      for (let at = from; at < to; at++) {
        const item = items[at]
        if (item !== undefined && equals(item, value)) return at
      }
      throw new TemplateError('"index" found no such item in the list')
    },
  },
  copy: { apply: (operand) => operand },
  ...mutators('append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'),
})

export const integerMethods = defineOperations({
  bit_length: {
    apply: (operand) => {
      const value = BigInt(toNumeric(operand)?.value ?? 0)
      return value === 0n ? 0 : (value < 0n ? -value : value).toString(2).length
    },
  },
  is_integer: { apply: () => true },
})

export const floatMethods = defineOperations({
  is_integer: { apply: (operand) => Number.isInteger(toNumeric(operand)?.value) },
})

function bound(operand: Operand, length: number): number {
  const index = Number(toNumeric(operand)?.value ?? 0)
  return Math.min(length, Math.max(0, index < 0 ? index + length : index))
}

/** Items without repetition, by `==`; keys are hashed where they can be. */
export function uniqueBy(
  items: Iterable<Operand>,
  keyOf: (item: Operand) => Operand,
): IterableIterator<Operand> {
  const seen = new Set<unknown>()
  function* walk(): IterableIterator<Operand> {
    for (const item of items) {
      spendItems(16)
      const key = keyOf(item)
      const hash = hashKey(key)
      // A text hashes to itself, a number too: the type keeps '1' and 1 apart already.
      if (seen.has(hash)) continue
      seen.add(hash)
      yield item
    }
  }
  return walk()
}
