import type { z } from 'zod'
import { nearest } from '../util/near-miss.ts'
import { meantKey } from './meant-key.ts'
import { Double } from '../util/value.ts'
import { hiddenCharacter, withoutHidden } from './hidden-characters.ts'
import { describeLiteral, isMapping, quoted } from './literal.ts'
import { formatPath } from './format-problems.ts'
import type { ConfigPath, Problem } from './problem.ts'
import type { Refusal } from './scalars.ts'
import { keysAt } from './schema-keys.ts'
import { itemSpelling } from './spelling.ts'
import type { Locate } from './text.ts'
import { refusalOf, wordsOf } from './zod-refusal.ts'

export interface ZodContext {
  /** Where the parsed value stands in the config. */
  path: ConfigPath
  /** What was parsed. */
  value: unknown
  /** What parsed it; with it, unknown keys get near misses. */
  schema?: z.ZodType
  /** What it is, for messages: `column 'topic'`. */
  subject?: string
}

type Issue = z.core.$ZodIssue

/** The problems behind a zod error: one per thing to fix, in the words of the config. */
export function problemsOfZod(error: z.ZodError, context: ZodContext): Problem[] {
  const problems = error.issues.flatMap((issue) => problemsOfIssue(issue, context))
  return withoutTypos(distinct(problems))
}

function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems.filter(({ code, path, message }) => {
    const key = JSON.stringify([code, path, message])
    return !seen.has(key) && seen.add(key)
  })
}

/** A mistyped key is one problem: the field it leaves missing is not a second one. */
function withoutTypos(problems: readonly Problem[]): Problem[] {
  const unknown = problems.filter(({ code }) => code === 'unknown-key')
  return problems.filter(({ code, path }) => {
    if (code !== 'missing-field') return true
    const parent = formatPath(path.slice(0, -1))
    const siblings = unknown.filter((other) => formatPath(other.path.slice(0, -1)) === parent)
    const field = [String(path.at(-1))]
    return siblings.every((other) => meantKey(String(other.path.at(-1)), field) === undefined)
  })
}

function problemsOfIssue(issue: Issue, context: ZodContext): Problem[] {
  const steps = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  const depth = firstDouble(context.value, steps)
  if (depth !== undefined && (depth < steps.length || issue.code === 'unrecognized_keys')) {
    const refused = { code: 'wrong-type', expected: 'a mapping' } as const
    return [refusal(steps.slice(0, depth), refused, context)]
  }
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(steps, key, context))
    case 'invalid_union':
      return foldUnion(issue, steps, context)
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.flatMap((inner) =>
        problemsOfIssue({ ...inner, path: [...issue.path, ...inner.path] }, context),
      )
    default:
      return [refusal(steps, refusalOf(issue, valueAt(context.value, steps)), context)]
  }
}

/** Steps to a whole double: zod takes its object for a mapping and misses fields in it. */
function firstDouble(value: unknown, steps: readonly (string | number)[]): number | undefined {
  for (let depth = 0; depth <= steps.length; depth++) {
    if (valueAt(value, steps.slice(0, depth)) instanceof Double) return depth
  }
  return undefined
}

function valueAt(value: unknown, steps: readonly (string | number)[]): unknown {
  let current = value
  for (const step of steps) {
    if (current instanceof Map) current = current.get(String(step))
    else if (Array.isArray(current)) current = current[Number(step)]
    else if (isMapping(current)) current = Object.hasOwn(current, step) ? current[step] : undefined
    else return undefined
  }
  return current
}

/** Alternatives that fail are one problem: the alternative that was meant, or all in one line. */
function foldUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  steps: (string | number)[],
  context: ZodContext,
): Problem[] {
  if (issue.errors.length === 0) {
    const words = wordsOf(issue)
    const code = valueAt(context.value, steps) === undefined ? 'missing-field' : 'wrong-word'
    const expected = words.length === 0 ? 'a known word' : `one of ${words.join(', ')}`
    return [refusal(steps, { code, expected, words }, context)]
  }
  const branches = issue.errors.map((issues) =>
    issues.flatMap((inner) =>
      problemsOfIssue({ ...inner, path: [...issue.path, ...inner.path] }, context),
    ),
  )
  const depth = context.path.length + steps.length
  const meant = branches.filter((problems) =>
    problems.every(({ path, code }) => path.length > depth || code !== 'wrong-type'),
  )
  const [only] = meant
  if (only !== undefined && meant.length === 1) return only
  if (only !== undefined) return meant.reduce((a, b) => (b.length < a.length ? b : a))
  const expected = [...new Set(branches.flat().map((problem) => problem.expected ?? ''))]
  return [refusal(steps, { code: 'wrong-type', expected: expected.join(', or ') }, context)]
}

function unknownKey(steps: (string | number)[], key: string, context: ZodContext): Problem {
  const known = context.schema === undefined ? [] : keysAt(context.schema, context.value, steps)
  const problem = unknownKeyProblem(
    [...context.path, ...steps, key],
    known,
    ownerOf(steps, context),
  )
  if (problem.suggestion !== undefined || context.schema === undefined) return problem
  const { schema, value } = context
  const inside = known.filter((field) => keysAt(schema, value, [...steps, field]).includes(key))
  const [only] = inside
  return only === undefined || inside.length > 1
    ? problem
    : { ...problem, suggestion: `Put ${quoted(key)} below '${only}'.` }
}

/** A key that nothing reads, with the key that was probably meant. */
export function unknownKeyProblem(
  path: ConfigPath,
  known: readonly string[],
  owner: string,
): Problem {
  const key = String(path.at(-1))
  const meant = meantKey(withoutHidden(key), known)
  const hidden = hiddenCharacter(key)
  const within = hidden === undefined ? '' : `; it has ${hidden} in it`
  return {
    level: 'error',
    code: 'unknown-key',
    path,
    message: `${capitalized(owner)} has no field ${quoted(key)}${within}`,
    ...(meant !== undefined && { suggestion: `Did you mean '${meant}'?` }),
    ...(meant === undefined && known.length > 0 && { expected: `one of ${known.join(', ')}` }),
  }
}

function ownerOf(steps: readonly (string | number)[], { subject }: ZodContext): string {
  const whole = subject ?? 'the config'
  return steps.length === 0 ? whole : `'${formatPath(steps)}' of ${whole}`
}

function refusal(
  steps: readonly (string | number)[],
  { code, expected, received, suggestion, words }: Refusal,
  context: ZodContext,
): Problem {
  const path = [...context.path, ...steps]
  const value = valueAt(context.value, steps)
  const meant = typeof value === 'string' && words ? nearest(value, words) : undefined
  const near = meant === undefined ? undefined : `Did you mean '${meant}'?`
  const spelled = spellingAt(steps, context)
  const hint =
    (suggestion === undefined ? undefined : asSpelled(suggestion, spelled)) ??
    near ??
    (code === 'missing-field' ? misplaced(steps, context) : undefined) ??
    (expected === 'a list' ? asList(value, String(steps.at(-1))) : undefined) ??
    (expected === 'a mapping' ? asMapping(value, steps, context) : undefined)
  return {
    level: 'error',
    code,
    path,
    message: messageOf(code, steps, context),
    expected,
    ...(code !== 'missing-field' && {
      received:
        spelled === undefined
          ? shown(path, received ?? describeLiteral(value))
          : `${spelled}, which YAML reads as ${describeLiteral(value)}`,
    }),
    ...(hint !== undefined && { suggestion: hint }),
  }
}

/** How a value is spelled that YAML made something else: `on` for true. */
function spellingAt(
  steps: readonly (string | number)[],
  { value, path }: ZodContext,
): string | undefined {
  const last = steps.at(-1)
  const container = valueAt(value, steps.slice(0, -1))
  const isHidden = [...path, ...steps].some((step) => secretKey.test(String(step)))
  if (last === undefined || isHidden || typeof container !== 'object' || container === null) {
    return undefined
  }
  return itemSpelling(container, last)
}

/** Quotes must stand around what is written, not around what it was read as. */
function asSpelled(suggestion: string, spelled: string | undefined): string {
  const inQuotes = /^Put it into quotes: ".*"\.$/
  return spelled === undefined || !inQuotes.test(suggestion)
    ? suggestion
    : `Put it into quotes: "${spelled}".`
}

/** A field that is missing where another one stands that was likely meant, or belongs below it. */
function misplaced(steps: readonly (string | number)[], context: ZodContext): string | undefined {
  const field = String(steps.at(-1))
  const owner = valueAt(context.value, steps.slice(0, -1))
  if (!isMapping(owner) || context.schema === undefined) return undefined
  const known = keysAt(context.schema, context.value, steps.slice(0, -1))
  const others = Object.keys(owner).filter((key) => !known.includes(key))
  const within = keysAt(context.schema, context.value, steps)
  const inside = others.filter((key) => within.includes(key))
  if (inside.length > 0) return `Put ${inside.map(quoted).join(', ')} below '${field}'.`
  const meant = others.find((key) => field.split('_').includes(key))
  return meant === undefined ? undefined : `Write '${field}' in place of '${meant}'.`
}

/** One thing where several were asked for: the brackets are missing, or the dashes. */
function asList(value: unknown, field: string): string | undefined {
  if (isMapping(value)) return withDashes(value, field)
  if (value === undefined || value === null) return undefined
  const items =
    typeof value === 'string'
      ? value.split(/,\s+/).map((item) => JSON.stringify(item))
      : [describeLiteral(value)]
  const list = items.join(', ')
  return list.length > 40 ? 'Write it as a list, in [ ].' : `Write it as a list: [${list}].`
}

/** Where each entry of a list says what it is called. */
const nameFields: Readonly<Record<string, string>> = {
  columns: 'name',
  model_configs: 'alias',
  model_providers: 'name',
  processors: 'name',
}

/** Entries without dashes: one that stands alone, or several, each below its name. */
function withDashes(value: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const name = nameFields[field]
  const [first] = Object.keys(value)
  if (name === undefined || first === undefined) return undefined
  if (Object.values(value).every(isMapping)) {
    return `Begin each entry with a dash and its ${name}: "- ${name}: ${first}".`
  }
  return `Put a dash before the first line of each entry: "- ${first}: …".`
}

/** A list where a mapping holds it in a field. */
function asMapping(
  value: unknown,
  steps: readonly (string | number)[],
  { schema, value: whole }: ZodContext,
): string | undefined {
  if (!Array.isArray(value) || schema === undefined) return undefined
  if (!keysAt(schema, whole, steps).includes('values')) return undefined
  return 'Write the list below a key: { values: […] }.'
}

const verdicts: Readonly<Record<Exclude<Refusal['code'], 'missing-field'>, string>> = {
  'wrong-type': 'has the wrong type',
  'out-of-range': 'is out of range',
  'wrong-word': 'is not a word that is known there',
  'wrong-format': 'cannot be used',
}

function messageOf(
  code: Refusal['code'],
  steps: readonly (string | number)[],
  context: ZodContext,
): string {
  if (code === 'missing-field') {
    const within = ownerOf(steps.slice(0, -1), context)
    return `${capitalized(within)} lacks '${String(steps.at(-1) ?? '')}'`
  }
  return `${capitalized(ownerOf(steps, context))} ${verdicts[code]}`
}

/** A sentence's beginning. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

const secretKey = /key|token|secret|password|authorization/i

/** A secret never reaches a terminal, whatever was wrong with it. */
function shown(path: ConfigPath, received: string): string {
  const isSecret = path.some((step) => typeof step === 'string' && secretKey.test(step))
  return isSecret && received.startsWith('text ') ? 'text that is not shown' : received
}

/** Problems that are about a key being there, not about its value. */
const codesOfKeys: ReadonlySet<string> = new Set([
  'unknown-keyword',
  'unknown-key',
  'ignored-key',
  'deprecated-field',
  'accepted-without-effect',
  'conflicting-fields',
  'unsupported',
])

/** The problems with file and position, where they have none yet. */
export function withPositions(
  problems: readonly Problem[],
  file: string,
  locate: Locate,
): Problem[] {
  return problems.map((problem) => {
    if (problem.position !== undefined) return problem
    const key = codesOfKeys.has(problem.code)
    const position = locate(problem.path, { key, within: problem.within })
    return { ...problem, file, ...(position !== undefined && { position }) }
  })
}
