import type { Problem } from '../config/problem.ts'
import { parseExpression } from '../templates/parse-template.ts'
import { TemplateSyntaxError } from '../templates/template-error.ts'
import { nearest } from '../util/near-miss.ts'
import type { Draft } from './draft.ts'

/** Whether a template can name a column: `Product Name`, `unit-price` and `not` it can't. */
export function isWritable(name: string): boolean {
  if (!/^[\p{L}\p{N}_]+$/u.test(name)) return false
  try {
    const { references } = parseExpression(name)
    return references.length === 1 && references[0]?.name === name
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return false
    throw error
  }
}

/** What was meant by a name that is none of these: the one that is nearest, or how to come by it. */
export function meantName(name: string, names: Iterable<string>): string | undefined {
  const known = [...names]
  const near = nearest(name, known)
  if (near !== undefined && isWritable(near)) return `Did you mean '${near}'?`
  // `{{ unit-price }}` reads `unit`, and `{{ Price (USD) }}` reads `Price`.
  const meant = near ?? known.find((other) => other.startsWith(name) && !isWritable(other))
  return meant === undefined ? undefined : renameIt(meant)
}

/** Templates that can't be read because they name a column that none can name. */
export function hintAtNames(problems: readonly Problem[], draft: Draft): Problem[] {
  const names = [...draft.names.keys()]
    .filter((name) => name.trim() !== '' && !isWritable(name))
    .toSorted((one, two) => two.length - one.length)
  return problems.map((problem) => {
    if (problem.code !== 'template-syntax' || problem.suggestion !== undefined) return problem
    const text = textAt(problem, draft)
    const name = names.find((one) => standsIn(one, text))
    return name === undefined ? problem : { ...problem, suggestion: renameIt(name) }
  })
}

/** The template a problem is about: a field of its column, or the key that a condition is. */
function textAt({ path }: Problem, { columns }: Draft): string {
  const column = columns.find((one) => one.path.every((step, index) => path[index] === step))
  let value: unknown = column?.raw
  for (const step of path.slice(column?.path.length)) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined
  }
  return typeof value === 'string' ? value : String(path.at(-1))
}

function standsIn(name: string, text: string): boolean {
  const at = text.toLowerCase().indexOf(name.toLowerCase())
  const isPart = (character: string): boolean => /[\p{L}\p{N}_]/u.test(character)
  return at !== -1 && !isPart(text.charAt(at - 1)) && !isPart(text.charAt(at + name.length))
}

function renameIt(name: string): string {
  const bare = name.replaceAll(/[^\p{L}\p{N}]+/gu, '_').replaceAll(/^_+|_+$/g, '')
  const other = [bare, `${bare}_`, `c_${bare}`].find((one) => isWritable(one))
  const example = other === undefined ? '' : `, for example to ${other}`
  return `A template can't write the name of the column '${name}': rename it where it is defined (in the config or in the seed's file)${example}.`
}
