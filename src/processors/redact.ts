import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { matchesName } from '../config/glob.ts'
import { list, mapOf, oneOf, text } from '../config/scalars.ts'
import type { Problem } from '../config/problem.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { Cell, Value } from '../util/value.ts'
import { defineProcessor } from './define.ts'
import { type Finder, type FinderName, finders, type Found } from './find-personal.ts'
import { unknownColumns } from './known-columns.ts'
import { ownPattern } from './own-pattern.ts'

const kinds = ['email', 'phone', 'credit_card', 'iban', 'secret'] as const satisfies FinderName[]
const forms = ['label', 'hash', 'mask', 'remove'] as const

type Form = (typeof forms)[number]

/** Replaces what identifies people or opens doors, in texts and inside of structured values. */
export const redact = defineProcessor({
  by: 'records',
  type: 'redact',
  inOrder: 'keeps-all',
  schema: z
    .strictObject({
      name: text({ nonEmpty: true }).describe('Any name.'),
      processor_type: oneOf(['redact']),
      columns: list(text(), { min: 1 })
        .nullable()
        .default(null)
        .describe('Names, or patterns with *, of the columns; by default, all with text or JSON.'),
      kinds: list(oneOf(kinds))
        .default([...kinds])
        .describe(
          'The kinds to replace. Card numbers must pass the Luhn check, and IBANs theirs (mod 97). secret: keys and tokens of known forms, and private keys.',
        ),
      patterns: mapOf(text({ nonEmpty: true }))
        .default(new Map())
        .describe('Patterns of your own by name, in the syntax of RE2: they take linear time.'),
      replace_with: oneOf(forms)
        .default('label')
        .describe(
          'label: [EMAIL]. hash: [EMAIL:1f3a90bc2d], the same for the same text in the run. mask: stars for letters and digits, all but the last four. remove: nothing.',
        ),
    })
    .describe('Replaces e-mail addresses, phone and card numbers, IBANs, keys and own patterns.'),
  output({ columns: names, kinds: wantedKinds, patterns }, columns, context) {
    const wanted = (names ?? []).map((name, index) => ({
      name,
      path: ['columns', index],
      isPattern: true as const,
    }))
    const broken = [...patterns].flatMap(([name, source]): Problem[] => {
      const pattern = ownPattern(source)
      if (typeof pattern === 'function') return []
      return [
        {
          level: 'error',
          code: 'wrong-format',
          path: [...context.path, 'patterns', name],
          message: `The pattern '${name}' can't be read: ${pattern.message}`,
          expected: 'a regular expression of RE2, which has no look-around and no back references',
          received: source,
        },
      ]
    })
    return {
      columns,
      reads: [],
      problems: [
        ...unknownColumns(wanted, columns, context),
        ...wrongTypes(names, columns, context.path),
        ...takenNames([...patterns.keys()], wantedKinds, context.path),
        ...broken,
      ],
    }
  },
  async *run(config, records, { columns, count, random }) {
    const replacements = new Map<string, Finder>([
      ...Object.entries(finders).filter(([name]) => config.kinds.some((kind) => kind === name)),
      ...[...config.patterns].map(([name, source]) => [name, finderOf(source)] as const),
    ])
    const secret = Array.from({ length: 8 }, () => random.bits()).join()
    const isRead = columns.map(
      ({ name, type }) =>
        (type === 'string' || type === 'json') &&
        (config.columns === null || config.columns.some((one) => matchesName(one, name))),
    )
    for await (const { rows, columns: cells } of records) {
      const redacted = cells.map((values, position) => {
        if (isRead[position] !== true) return values
        const told = (name: string): void => count(`${name} in ${columns[position]?.name}`)
        const replaced = (source: string): string =>
          redactText(source, replacements, (name, match) => {
            told(name)
            return replacementOf(config.replace_with, { name, match, secret })
          })
        return values.map((value) => redactValue(value, replaced))
      })
      yield { rows, columns: redacted }
    }
  },
})

/** A pattern of the name of a kind would stand in its place, and one without a name can't be determined. */
function takenNames(
  names: readonly string[],
  wantedKinds: readonly string[],
  path: Problem['path'],
): Problem[] {
  return names.flatMap((name): Problem[] => {
    if (name !== '' && !wantedKinds.includes(name)) return []
    return [
      {
        level: 'error',
        code: name === '' ? 'wrong-format' : 'conflicting-fields',
        path: [...path, 'patterns', name],
        message:
          name === ''
            ? 'A pattern has no name'
            : `A pattern is named '${name}', like a built-in kind`,
        suggestion:
          name === ''
            ? 'Give it a name: the label contains it.'
            : `Give it another name, or leave ${name} out of kinds.`,
      },
    ]
  })
}

function finderOf(source: string): Finder {
  const pattern = ownPattern(source)
  if (typeof pattern === 'function') return pattern
  throw new Error(pattern.message)
}

/** One that is named and has no text in it is a mistake; a pattern may fit others, too. */
function wrongTypes(
  names: readonly string[] | null,
  columns: readonly RecordColumn[],
  path: Problem['path'],
): Problem[] {
  return (names ?? []).flatMap((name, index): Problem[] => {
    const type = columns.find((column) => column.name === name)?.type
    if (type === undefined || type === 'string' || type === 'json') return []
    return [
      {
        level: 'error',
        code: 'wrong-type',
        path: [...path, 'columns', index],
        message: `'${name}' has no texts to redact: it is of type ${type}`,
        expected: 'a column of text or JSON',
        received: name,
      },
    ]
  })
}

/** Keys stay as they are: another key is another structure. */
function redactValue(value: Cell, replaced: (source: string) => string): Cell {
  if (value instanceof Float32Array) return value
  return redactTree(value, replaced)
}

function redactTree(value: Value, replaced: (source: string) => string): Value {
  if (typeof value === 'string') return replaced(value)
  if (Array.isArray(value)) return value.map((item: Value) => redactTree(item, replaced))
  if (value instanceof Map) {
    const entries: [string, Value][] = []
    for (const [key, item] of value) entries.push([key, redactTree(item, replaced)])
    return new Map(entries)
  }
  return value
}

/**
 * Replaces what finders find. Stretches that overlap are replaced as one, as what the widest of them is, or
 * the one that stands first in the list of finders: nothing that was found stays.
 */
function redactText(
  source: string,
  by: ReadonlyMap<string, Finder>,
  replacement: (name: string, match: string) => string,
): string {
  const found: (Found & { name: string })[] = []
  for (const [name, find] of by) {
    for (const { start, end } of find(source)) found.push({ name, start, end })
  }
  if (found.length === 0) return source
  // Sorting keeps the order of finders where two begin together.
  found.sort((one, other) => one.start - other.start)
  let written = ''
  let at = 0
  for (let first = 0; first < found.length;) {
    let widest = found[first] as (typeof found)[number]
    const { start } = widest
    let { end } = widest
    let next = first + 1
    for (; next < found.length; next += 1) {
      const other = found[next] as (typeof found)[number]
      if (other.start >= end) break
      end = Math.max(end, other.end)
      if (other.end - other.start > widest.end - widest.start) widest = other
    }
    written += source.slice(at, start) + replacement(widest.name, source.slice(start, end))
    at = end
    first = next
  }
  return written + source.slice(at)
}

interface Replaced {
  name: string
  match: string
  /** Of the run: without it, common texts could be determined from their hashes. */
  secret: string
}

function replacementOf(form: Form, { name, match, secret }: Replaced): string {
  const label = name.toUpperCase()
  switch (form) {
    case 'label':
      return `[${label}]`
    case 'hash': {
      const hash = createHmac('sha256', secret).update(match).digest('hex')
      return `[${label}:${hash.slice(0, 10)}]`
    }
    case 'mask':
      return masked(match)
    case 'remove':
      break
  }
  return ''
}

/** The last four letters or digits stay where there are more than eight. */
function masked(match: string): string {
  const signs = match.match(/[\p{L}\p{N}]/gu)?.length ?? 0
  let left = signs > 8 ? signs - 4 : signs
  return match.replaceAll(/[\p{L}\p{N}]/gu, (sign) => (left-- > 0 ? '*' : sign))
}
