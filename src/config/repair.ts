import type { z } from 'zod'
import { nearest } from '../util/near-miss.ts'
import type { Literal } from './dataset.ts'
import { entriesOf, isMapping, mappingOf } from './literal.ts'
import { meantKey } from './meant-key.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { keysAt } from './schema-keys.ts'
import { wordsOf } from './zod-refusal.ts'

export interface Repaired<Output> {
  /** What was meant, as far as it can be determined: for further checks only. Null where it can't. */
  value: Output | null
  problems: Problem[]
}

type Steps = readonly (string | number)[]

/** Takes away more than anyone gets wrong at once; every round takes something away. */
const mostRounds = 12

/**
 * Reads a value and says all that is wrong with it. What is wrong is fixed (near misses) or
 * taken away, and the rest is read again, so that one mistake does not hide another.
 */
export function readRepaired<Output>(
  schema: z.ZodType<Output>,
  written: unknown,
  context: { path: ConfigPath; subject: string },
): Repaired<Output> {
  const problems: Problem[] = []
  const touched: Steps[] = []
  let value = written
  for (let round = 0; round < mostRounds; round += 1) {
    const result = schema.safeParse(value)
    if (result.success) return { value: result.data, problems }
    const found = problemsOfZod(result.error, { ...context, value, schema })
    const words = new Map(
      result.error.issues.map((issue) => [JSON.stringify(issue.path), wordsOf(issue)]),
    )
    const before = [...touched]
    for (const problem of found) {
      const steps = problem.path.slice(context.path.length)
      if (!before.some((other) => isRelated(other, steps))) problems.push(problem)
      const edit = editFor(problem, steps, { schema, value, words })
      if (edit === null) return { value: null, problems }
      touched.push(edit.steps, ...(edit.renamed === undefined ? [] : [edit.renamed]))
      value = edit.apply(value)
    }
  }
  return { value: null, problems }
}

/** What is wrong there now may only follow from what was changed. */
function isRelated(one: Steps, other: Steps): boolean {
  const length = Math.min(one.length, other.length)
  return one.slice(0, length).every((step, index) => step === other[index])
}

interface Edit {
  steps: Steps
  renamed?: Steps
  apply(value: unknown): unknown
}

function editFor(
  { code }: Problem,
  steps: Steps,
  { schema, value, words }: { schema: z.ZodType; value: unknown; words: Map<string, Words> },
): Edit | null {
  const key = steps.at(-1)
  const parent = steps.slice(0, -1)
  const owner = at(value, parent)
  if (code === 'unknown-key' && typeof key === 'string' && isMapping(owner)) {
    const free = keysAt(schema, value, parent).filter((known) => !Object.hasOwn(owner, known))
    const meant = meantKey(key, free)
    if (meant === undefined) return removal(steps)
    return {
      steps,
      renamed: [...parent, meant],
      apply: (whole) => changed(whole, steps, (item) => [meant, item]),
    }
  }
  // What lacks something can't be read at all.
  if (code === 'missing-field') return removal(parent)
  const came = at(value, steps)
  const meant =
    typeof came === 'string' ? nearest(came, words.get(JSON.stringify(steps)) ?? []) : undefined
  if (meant === undefined || typeof key !== 'string') return removal(steps)
  return { steps, apply: (whole) => changed(whole, steps, () => [key, meant]) }
}

type Words = readonly string[]

/** An item goes with its whole list: the others would get other places. */
function removal(steps: Steps): Edit | null {
  const list = steps.findIndex((step) => typeof step === 'number')
  const place = list === -1 ? steps : steps.slice(0, list)
  if (place.length === 0) return null
  return { steps: place, apply: (whole) => changed(whole, place, () => null) }
}

function at(value: unknown, steps: Steps): unknown {
  let current = value
  for (const step of steps) {
    if (!isMapping(current) || !Object.hasOwn(current, step)) return undefined
    current = current[step]
  }
  return current
}

/** A copy in which one entry is another one, or is missing. */
function changed(
  value: unknown,
  [first, ...rest]: Steps,
  change: (item: Literal) => readonly [string, Literal] | null,
): unknown {
  if (!isMapping(value)) return value
  return mappingOf(
    entriesOf(value).flatMap(([key, item]): (readonly [string, Literal])[] => {
      if (key !== first) return [[key, item]]
      // A copy of a literal is one.
      if (rest.length > 0) return [[key, changed(item, rest, change) as Literal]]
      const entry = change(item)
      return entry === null ? [] : [entry]
    }),
  )
}
