import type { ErrorObject } from 'ajv/dist/2020.js'

/** What is said of one answer at most: a model corrects a few things at a time. */
const mostProblems = 8

/** What a validator found, in short words that say where and what was wanted. */
export function answerProblems(errors: readonly ErrorObject[]): string[] {
  const alternatives = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')
  const own = errors.filter(
    (error) =>
      // That an alternative is of another type says nothing of the one that was meant.
      !alternatives.some(
        ({ schemaPath, instancePath }) =>
          error.schemaPath !== schemaPath &&
          error.instancePath === instancePath &&
          error.schemaPath.startsWith(`${schemaPath}/`),
      ),
  )
  const deep = own.filter(
    (error) =>
      !alternatives.includes(error) ||
      own.every((other) => !other.instancePath.startsWith(`${error.instancePath}/`)),
  )
  const words = [...new Set((deep.length > 0 ? deep : errors).map(sentenceOf))]
  const more = words.length - mostProblems
  return more > 0 ? [...words.slice(0, mostProblems), `and ${more} more`] : words
}

function sentenceOf({ instancePath, keyword, params, message, data, schema }: ErrorObject): string {
  const at = placeOf(instancePath)
  const got = `it is ${shown(data)}`
  switch (keyword) {
    case 'required':
      return `${at} lacks ${JSON.stringify(params['missingProperty'])}`
    case 'type':
      return `${at} must be ${typeWords(schema)}; ${got}`
    case 'enum':
      return `${at} must be one of ${listed(schema)}; ${got}`
    case 'const':
      return `${at} must be ${shown(schema)}; ${got}`
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return `${at} must not have ${JSON.stringify(params['additionalProperty'] ?? params['unevaluatedProperty'])}`
    case 'anyOf':
    case 'oneOf':
      return `${at} has none of the forms that it may have; ${got}`
    default:
      return `${at} ${message ?? `is wrong by "${keyword}"`}; ${got}`
  }
}

/** `"steps"[0]."text"`, as a model reads it; the whole answer without a path. */
function placeOf(pointer: string): string {
  if (pointer === '') return 'the answer'
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : `${index === 0 ? '' : '.'}${key}`))
    .join('')
}

function typeWords(schema: unknown): string {
  const types = (Array.isArray(schema) ? schema : [schema]).map(String)
  const article = /^[aeiou]/.test(types[0] ?? '') ? 'an' : 'a'
  return types[0] === 'null' ? types.join(' or ') : `${article} ${types.join(' or ')}`
}

function listed(schema: unknown): string {
  return Array.isArray(schema) ? schema.map(shown).join(', ') : shown(schema)
}

const longestShown = 80

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > longestShown ? `${text.slice(0, longestShown - 1)}…` : text
}
