import type { JsonSchema } from '../../src/index.ts'

/** A field as the reference lists it. */
export interface Field {
  /** Its place: `scores[].name`. */
  name: string
  takes: string
  /** Null where it must be given, empty where leaving it out is leaving it out. */
  standard: string | null
  description: string
}

/** The fields of an object's form, those inside of it behind it. */
export function fieldsOf(form: JsonSchema, prefix = ''): Field[] {
  const branch = firstBranch(form)
  if (branch !== null) return taggedFields(form, branch, prefix)
  const properties = (form['properties'] ?? {}) as Record<string, JsonSchema>
  const required = (form['required'] ?? []) as string[]
  return Object.entries(properties).flatMap(([key, property]) => {
    const name = `${prefix}${key}`
    const { description = '', default: standard } = property
    const isOptional = !required.includes(key)
    const own: Field = {
      name,
      takes: takesOf(property),
      standard: isOptional ? (standard === undefined ? '' : JSON.stringify(standard)) : null,
      description: String(description),
    }
    return [own, ...insideOf(property, name)]
  })
}

/** Forms that differ by a tag have the same fields but for what is inside of them. */
function firstBranch({ allOf }: JsonSchema): JsonSchema | null {
  const first: unknown = Array.isArray(allOf) ? allOf[0] : undefined
  return isForm(first) && isForm(first['then']) ? first['then'] : null
}

function taggedFields(form: JsonSchema, branch: JsonSchema, prefix: string): Field[] {
  const { allOf: _, ...tag } = form
  const own = fieldsOf(tag, prefix)
  const shared = Object.entries((branch['properties'] ?? {}) as Record<string, JsonSchema>).filter(
    ([name]) => !own.some((field) => field.name === `${prefix}${name}`),
  )
  const parameters = new Set(['params', 'conditional_params', 'validator_params'])
  const properties = Object.fromEntries(
    shared.map(([name, property]) => {
      if (!parameters.has(name)) return [name, property]
      const { description } = property
      const told =
        name === 'conditional_params' ? description : 'By the kind: its own page has them.'
      return [name, { type: 'object', description: told }]
    }),
  )
  return [...own, ...fieldsOf({ ...branch, properties }, prefix)]
}

function insideOf(property: JsonSchema, name: string): Field[] {
  const seen = new Set<string>()
  return alternativesOf(property).flatMap((one) => {
    const inner =
      one['type'] === 'array' && isForm(one['items'])
        ? alternativesOf(one['items']).flatMap((item) => fieldsOf(item, `${name}[].`))
        : fieldsOf(one, `${name}.`)
    return inner.filter((field) => !seen.has(field.name) && seen.add(field.name))
  })
}

function alternativesOf(form: JsonSchema): JsonSchema[] {
  const { anyOf } = form
  return Array.isArray(anyOf) ? anyOf.filter(isForm).flatMap(alternativesOf) : [form]
}

function isForm(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a field takes, for people: numbers and flags written as text go without saying. */
function takesOf(form: JsonSchema): string {
  const all = alternativesOf(form)
  const isNumber = all.some(({ type }) => type === 'integer' || type === 'number')
  const isFlag = all.some(({ type }) => type === 'boolean')
  const told = all.filter(
    ({ type, pattern }) =>
      !(type === 'string' && pattern !== undefined && (isNumber || isFlag)) &&
      !(isFlag && type === 'integer'),
  )
  return [...new Set(told.map(wordOf))].join(' or ')
}

function wordOf(form: JsonSchema): string {
  const { type, enum: words, const: constant, items } = form
  if (constant !== undefined) return code(constant)
  if (Array.isArray(words)) {
    return [...new Set(words.map((word: unknown) => code(word ?? 'null')))].join(', ')
  }
  if (Array.isArray(type)) return type.join(' or ')
  switch (type) {
    case 'integer':
      return `whole number${boundsOf(form)}`
    case 'number':
      return `number${boundsOf(form)}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return form['minLength'] === undefined ? 'text' : 'text, not empty'
    case 'array': {
      const { minItems, maxItems } = form
      const bounds = [
        ...(minItems === undefined || minItems === 0
          ? []
          : [`at least ${JSON.stringify(minItems)}`]),
        ...(maxItems === undefined ? [] : [`at most ${JSON.stringify(maxItems)}`]),
      ]
      const of = isForm(items) ? ` of ${takesOf(items)}` : ''
      return `list${of}${bounds.length === 0 ? '' : ` (${bounds.join(', ')})`}`
    }
    case 'object':
      return isForm(form['additionalProperties'])
        ? `mapping to ${takesOf(form['additionalProperties'])}`
        : 'mapping'
    default:
      return type === undefined
        ? 'any value'
        : typeof type === 'string'
          ? type
          : JSON.stringify(type)
  }
}

function boundsOf(form: JsonSchema): string {
  const parts = (
    [
      ['exclusiveMinimum', '>'],
      ['minimum', '≥'],
      ['exclusiveMaximum', '<'],
      ['maximum', '≤'],
    ] as const
  ).flatMap(([keyword, sign]) =>
    form[keyword] === undefined ? [] : [`${sign} ${JSON.stringify(form[keyword])}`],
  )
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

/** The least that a form takes, where the guide has no example. */
export function leastOf(form: JsonSchema): Record<string, unknown> {
  const properties = (form['properties'] ?? {}) as Record<string, JsonSchema>
  const required = (form['required'] ?? []) as string[]
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([key]) => required.includes(key))
      .map(([key, property]) => [key, leastValue(property, key)]),
  )
}

function leastValue(form: JsonSchema, key: string): unknown {
  const [first = form] = alternativesOf(form)
  const { type, enum: words, const: constant, items, minimum = 1 } = first
  if (constant !== undefined) return constant
  if (Array.isArray(words)) return words[0]
  switch (type) {
    case 'integer':
    case 'number':
      return minimum
    case 'boolean':
      return true
    case 'array':
      return [isForm(items) ? leastValue(items, key) : key]
    case 'object':
      return leastOf(first)
    default:
      return key
  }
}
