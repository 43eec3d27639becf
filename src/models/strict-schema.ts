import { isObject } from './provider-text.ts'

type Schema = Readonly<Record<string, unknown>>

/** What a provider takes of JSON Schema where it holds a model to one. */
export interface StrictDialect {
  /** Keywords that only bound a value, as far as they are taken; the others are left to validation. */
  readonly bounds: ReadonlySet<string>
  /** Values of `format`. */
  readonly formats: ReadonlySet<string>
  /** Whether a field that may be absent must be there as null. */
  readonly allRequired: boolean
  /** Whether a schema may refer to what it is a part of. */
  readonly recursive: boolean
  /** Objects and lists within each other. */
  readonly deepest: number
  readonly mostFields: number
}

/** Formats that all who take any know. */
export const commonFormats: ReadonlySet<string> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
])

/** What servers take that turn a schema into a grammar; OpenAI takes all of it but lengths. */
const bounded: StrictDialect = {
  bounds: new Set([
    'pattern',
    'minLength',
    'maxLength',
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'minItems',
    'maxItems',
  ]),
  formats: commonFormats,
  allRequired: true,
  recursive: true,
  deepest: 10,
  mostFields: 5_000,
}

/** What everybody takes who takes a strict schema. */
const bare: StrictDialect = { ...bounded, bounds: new Set(), formats: new Set() }

/** A schema as it is sent for an answer. */
export interface SentSchema {
  readonly schema: Schema
  /** Whether it has a strict form; without one it is sent as it is. */
  readonly isStrict: boolean
}

/** The schema of a format in the form of OpenAI, with the bounds of values or without. */
export function sentSchema(schema: Schema, options: { bounds: boolean }): SentSchema {
  const strict = strictSchema(schema, options.bounds ? bounded : bare)
  return { schema: strict ?? plainSchema(schema), isStrict: strict !== null }
}

const withBounds = new WeakMap<Schema, boolean>()

/** Whether a schema is another one without the bounds of values. */
export function hasBounds(schema: Schema): boolean {
  let has = withBounds.get(schema)
  if (has === undefined) {
    const [one, other] = [true, false].map((bounds) => sentSchema(schema, { bounds }).schema)
    withBounds.set(schema, (has = JSON.stringify(one) !== JSON.stringify(other)))
  }
  return has
}

const adapted = new WeakMap<StrictDialect, WeakMap<Schema, Schema | typeof unfit>>()
const unfit = Symbol('unfit')

/**
 * A schema of the same values as a strict provider takes it: every object closed, `oneOf` as `anyOf`, parts of
 * `allOf` merged, bounds that it does not know omitted. Null where that would change which values there
 * can be, such as for objects of any fields. Answers are always validated by the schema itself.
 */
export function strictSchema(schema: Schema, dialect: StrictDialect): Schema | null {
  let known = adapted.get(dialect)
  if (known === undefined) adapted.set(dialect, (known = new WeakMap()))
  let made = known.get(schema)
  if (made === undefined) known.set(schema, (made = adapt(schema, dialect)))
  return made === unfit ? null : made
}

const plain = new WeakMap<Schema, Schema>()

/** A schema as it is, without the keywords that no one but its author knows. */
export function plainSchema(schema: Schema): Schema {
  let made = plain.get(schema)
  if (made === undefined) plain.set(schema, (made = withoutOwnKeywords(schema)))
  return made
}

function withoutOwnKeywords(schema: Schema): Schema {
  const entries = Object.entries(schema)
    .filter(([key]) => !key.startsWith('x-') && key !== '$schema' && key !== '$id')
    .map(([key, value]) => [key, key === 'enum' || key === 'const' ? value : cleaned(key, value)])
  return Object.fromEntries(entries)
}

/** The keys of these are names of the user's, not keywords. */
const named = new Set([
  'properties',
  '$defs',
  'definitions',
  'patternProperties',
  'dependentSchemas',
])

function cleaned(key: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => cleaned('', item))
  if (!isObject(value)) return value
  if (!named.has(key)) return withoutOwnKeywords(value)
  const entries = Object.entries(value).map(([name, inner]) => [name, cleaned('', inner)])
  return Object.fromEntries(entries)
}

/** Thrown and caught here: this schema has no strict form. */
class Unfit extends Error {}

function adapt(root: Schema, dialect: StrictDialect): Schema | typeof unfit {
  const definitions = new Map<string, Schema | null>()
  let fields = 0

  function node(schema: unknown, depth: number): Schema {
    if (!isObject(schema)) throw new Unfit()
    if (depth > dialect.deepest) throw new Unfit()
    if (typeof schema['$ref'] === 'string') return reference(schema['$ref'], schema, depth)
    if (unfitKeywords.some((keyword) => keyword in schema)) throw new Unfit()
    const parts = listIn(schema['allOf'])
    if (parts.length > 0) return node(merged(schema, parts), depth)
    const branches = [...listIn(schema['anyOf']), ...listIn(schema['oneOf'])]
    if (branches.length > 0) return alternatives(schema, branches, depth)
    return { ...described(schema), ...value(schema, depth) }
  }

  function alternatives(schema: Schema, branches: readonly unknown[], depth: number): Schema {
    if (depth === 0 || 'properties' in schema || 'items' in schema) throw new Unfit()
    if ('anyOf' in schema && 'oneOf' in schema) throw new Unfit()
    return { ...described(schema), anyOf: branches.map((branch) => node(branch, depth)) }
  }

  /** In addition to a reference stands nothing: what describes it is in the prompt. */
  function reference(ref: string, schema: Schema, depth: number): Schema {
    const others = Object.keys(schema).filter((key) => key !== '$ref' && !annotations.has(key))
    if (others.some((key) => !key.startsWith('x-') && key !== '$defs' && key !== 'definitions')) {
      throw new Unfit()
    }
    if (ref === '#') {
      if (!dialect.recursive || depth === 0) throw new Unfit()
      return { $ref: '#' }
    }
    const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(ref)?.[1]
    if (name === undefined || depth === 0) throw new Unfit()
    const place = pointerName(name)
    if (!definitions.has(place)) {
      definitions.set(place, null)
      definitions.set(place, node(definitionIn(root, place), 1))
    } else if (definitions.get(place) === null && !dialect.recursive) throw new Unfit()
    return { $ref: `#/$defs/${name}` }
  }

  function merged(schema: Schema, parts: readonly unknown[]): Schema {
    const { allOf: _parts, ...own } = schema
    const all = [own, ...parts.map((part) => resolved(root, part))]
    const whole: Record<string, unknown> = {}
    const properties: Record<string, unknown> = {}
    const required: unknown[] = []
    for (const part of all) {
      if ('allOf' in part || '$ref' in part) throw new Unfit()
      for (const [key, given] of Object.entries(part)) {
        if (key === 'properties' && isObject(given)) {
          for (const [name, field] of Object.entries(given)) {
            if (Object.hasOwn(properties, name)) throw new Unfit()
            properties[name] = field
          }
        } else if (key === 'required') required.push(...listIn(given))
        else if (annotations.has(key)) whole[key] ??= given
        else if (key in whole && whole[key] !== given) throw new Unfit()
        else whole[key] = given
      }
    }
    if (Object.keys(properties).length > 0) whole['properties'] = properties
    return required.length > 0 ? { ...whole, required } : whole
  }

  function value(schema: Schema, depth: number): Schema {
    const { type: written, enum: options } = schema
    const constant = 'const' in schema ? { const: schema['const'] } : {}
    const choice = Array.isArray(options) ? { enum: options as unknown[] } : {}
    const scalars = [...listIn(options), ...('const' in schema ? [schema['const']] : [])]
    if (scalars.some((one) => typeof one === 'object' && one !== null)) throw new Unfit()
    const types = Array.isArray(written) ? (written as unknown[]) : [written ?? typeIn(schema)]
    if (types.includes('object')) return { type: written ?? 'object', ...object(schema, depth) }
    if (types.includes('array')) return { type: written ?? 'array', ...list(schema, depth) }
    if (written === undefined && scalars.length === 0) throw new Unfit()
    const type = written === undefined ? {} : { type: written }
    return { ...type, ...choice, ...constant, ...boundsOf(schema) }
  }

  function object(schema: Schema, depth: number): Schema {
    const { properties, required, additionalProperties = false } = schema
    if (!isObject(properties) || additionalProperties !== false) throw new Unfit()
    const names = Object.keys(properties)
    const needed = new Set(listIn(required))
    fields += names.length
    // An object without fields of its own is one of any fields.
    if (names.length === 0 || fields > dialect.mostFields) throw new Unfit()
    if ([...needed].some((name) => !names.includes(String(name)))) throw new Unfit()
    const own = names.map((name) => {
      const field = node(properties[name], depth + 1)
      return [name, needed.has(name) || !dialect.allRequired ? field : orNull(field)] as const
    })
    return {
      properties: Object.fromEntries(own),
      required: dialect.allRequired ? names : names.filter((name) => needed.has(name)),
      additionalProperties: false,
    }
  }

  function list(schema: Schema, depth: number): Schema {
    if (!isObject(schema['items'])) throw new Unfit()
    return { items: node(schema['items'], depth + 1), ...boundsOf(schema) }
  }

  function boundsOf(schema: Schema): Schema {
    const own = Object.entries(schema).filter(([key, given]) => {
      if (key === 'format') return dialect.formats.has(String(given))
      // What is not anchored many grammars do not know.
      if (key === 'pattern' && !/^\^.*\$$/s.test(String(given))) return false
      return dialect.bounds.has(key)
    })
    return Object.fromEntries(own)
  }

  try {
    const whole = node(root, 0)
    const parts = [...definitions].filter(([, part]) => part !== null)
    return parts.length === 0 ? whole : { ...whole, $defs: Object.fromEntries(parts) }
  } catch (error) {
    // A schema can nest deeper than the stack.
    if (error instanceof Unfit || error instanceof RangeError) return unfit
    throw error
  }
}

const annotations = new Set([
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  '$comment',
])

/** They say which fields or items there are, in a way that has no other form. */
const unfitKeywords = [
  'patternProperties',
  'prefixItems',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'unevaluatedItems',
  '$dynamicRef',
  '$anchor',
]

function described({ description }: Schema): Schema {
  return typeof description === 'string' ? { description } : {}
}

function typeIn(schema: Schema): string | undefined {
  if ('properties' in schema) return 'object'
  return 'items' in schema ? 'array' : undefined
}

/** The same or null, where the field may be absent. */
function orNull(field: Schema): Schema {
  const { type, enum: options, anyOf, description, ...rest } = field
  const told = description === undefined ? {} : { description }
  if (Array.isArray(anyOf)) {
    const branches: unknown[] = anyOf
    const hasNull = branches.some((branch) => isObject(branch) && branch['type'] === 'null')
    return hasNull ? field : { ...field, anyOf: [...branches, { type: 'null' }] }
  }
  // Alone in its branch, so that the other one has a type of its own.
  if (type === undefined || 'const' in rest) {
    const { description: _told, ...alone } = field
    return { ...told, anyOf: [alone, { type: 'null' }] }
  }
  const types = Array.isArray(type) ? (type as unknown[]) : [type]
  if (types.includes('null')) return field
  const withNull = Array.isArray(options) ? { enum: [...(options as unknown[]), null] } : {}
  return { ...told, type: [...types, 'null'], ...rest, ...withNull }
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

function pointerName(name: string): string {
  return decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')
}

function definitionIn(root: Schema, name: string): unknown {
  for (const key of ['$defs', 'definitions']) {
    const { [key]: parts } = root
    if (isObject(parts) && Object.hasOwn(parts, name)) return parts[name]
  }
  throw new Unfit()
}

function resolved(root: Schema, part: unknown): Schema {
  if (!isObject(part)) throw new Unfit()
  const { $ref: ref, ...others } = part
  if (ref === undefined) return part
  const name = typeof ref === 'string' ? /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(ref)?.[1] : ''
  if (name === undefined || name === '' || Object.keys(others).some((key) => !annotations.has(key)))
    throw new Unfit()
  const found = definitionIn(root, pointerName(name))
  if (!isObject(found)) throw new Unfit()
  return found
}
