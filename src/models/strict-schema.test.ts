import { expect, test } from 'vitest'
import { commonFormats, plainSchema, strictSchema, type StrictDialect } from './strict-schema.ts'

const openai: StrictDialect = {
  bounds: new Set(['pattern', 'minimum', 'minItems']),
  formats: commonFormats,
  allRequired: true,
  recursive: true,
  deepest: 4,
  mostFields: 20,
}
const other: StrictDialect = { ...openai, bounds: new Set(), allRequired: false, recursive: false }

function objectOf(properties: object, more: object = {}): Record<string, unknown> {
  return { type: 'object', properties, ...more }
}

const text = { type: 'string' }
const textOrNull = { type: ['string', 'null'] }

/** A field of a strict object with nothing next to it. */
function field(schema: object, dialect = openai): unknown {
  const made = strictSchema(objectOf({ it: schema }, { required: ['it'] }), dialect)
  if (made === null) return null
  const { properties, $defs } = made as { properties: { it: unknown }; $defs?: unknown }
  return $defs === undefined ? properties.it : [properties.it, $defs]
}

test('objects are closed, and what may be absent is there as null', () => {
  const properties = {
    title: { type: 'string', description: 'Short.', title: 'Title', default: '', maxLength: 8 },
    note: { type: 'string', description: 'Any.' },
    kind: { enum: ['a', 'b'] },
    unit: { type: 'string', enum: ['g', 'ml'] },
    fixed: { const: 1 },
    either: { anyOf: [text, { type: 'integer' }] },
    inner: objectOf({ deep: text }),
  }
  const sent = { ...objectOf(properties, { required: ['title'] }), $schema: 'x', 'x-own': 1 }
  expect(strictSchema(sent, openai)).toEqual({
    type: 'object',
    properties: {
      title: { type: 'string', description: 'Short.' },
      note: { ...textOrNull, description: 'Any.' },
      kind: { anyOf: [{ enum: ['a', 'b'] }, { type: 'null' }] },
      unit: { ...textOrNull, enum: ['g', 'ml', null] },
      fixed: { anyOf: [{ const: 1 }, { type: 'null' }] },
      either: { anyOf: [text, { type: 'integer' }, { type: 'null' }] },
      inner: {
        type: ['object', 'null'],
        properties: { deep: textOrNull },
        required: ['deep'],
        additionalProperties: false,
      },
    },
    required: ['title', 'note', 'kind', 'unit', 'fixed', 'either', 'inner'],
    additionalProperties: false,
  })
  const { required, properties: kept } = strictSchema(sent, other) as Record<string, object>
  expect([required, kept?.['note' as never]]).toEqual([
    ['title'],
    { type: 'string', description: 'Any.' },
  ])
  // Made once for each schema.
  expect(strictSchema(sent, openai)).toBe(strictSchema(sent, openai))
})

test('bounds are kept where they are known', () => {
  expect(field({ type: 'integer', minimum: 1, maximum: 5, multipleOf: 2 })).toEqual({
    type: 'integer',
    minimum: 1,
  })
  expect(field({ type: 'integer', minimum: 1 }, other)).toEqual({ type: 'integer' })
  expect(field({ type: 'string', pattern: '^a+$' })).toEqual({ type: 'string', pattern: '^a+$' })
  expect(field({ type: 'string', pattern: 'a', minLength: 1 })).toEqual(text)
  expect(field({ type: 'string', format: 'date' })).toEqual({ type: 'string', format: 'date' })
  expect(field({ type: 'string', format: 'color' })).toEqual(text)
  expect(field({ type: 'array', items: text, minItems: 2, uniqueItems: true })).toEqual({
    type: 'array',
    items: text,
    minItems: 2,
  })
})

test('alternatives, parts and references', () => {
  const closed = (properties: object) =>
    objectOf(properties, { required: Object.keys(properties), additionalProperties: false })
  const branch = (kind: string) => ({ ...objectOf({ kind: { const: kind } }), required: ['kind'] })
  expect(
    field({ oneOf: [branch('a'), branch('b')], discriminator: { propertyName: 'kind' } }),
  ).toEqual({ anyOf: [closed({ kind: { const: 'a' } }), closed({ kind: { const: 'b' } })] })
  expect(
    field({ allOf: [closed({ a: text }), objectOf({ b: text }, { required: ['b'] })] }),
  ).toEqual(closed({ a: text, b: text }))

  const $defs = {
    Name: { ...text, title: 'Name' },
    Node: objectOf({ next: { $ref: '#/$defs/Node' } }),
  }
  const rooted = (properties: object) => ({ ...objectOf(properties), $defs, required: ['it'] })
  expect(
    strictSchema(rooted({ it: { $ref: '#/$defs/Name', description: 'Of it.' } }), openai),
  ).toEqual({ ...closed({ it: { $ref: '#/$defs/Name' } }), $defs: { Name: text } })
  const recursive = rooted({ it: { $ref: '#/$defs/Node' } })
  const next = { anyOf: [{ $ref: '#/$defs/Node' }, { type: 'null' }] }
  expect(strictSchema(recursive, openai)).toMatchObject({
    $defs: { Node: { properties: { next } } },
  })
  expect(strictSchema(recursive, other)).toBe(null)
})

const deep = objectOf({
  a: objectOf({ b: objectOf({ c: objectOf({ d: objectOf({ e: text }) }) }) }),
})

test.each<[string, object]>([
  ['an object of any fields', objectOf({ a: { type: 'object' } })],
  ['one open to others', objectOf({ a: text }, { additionalProperties: true })],
  ['a map', objectOf({ a: { type: 'object', additionalProperties: text } })],
  ['any value', objectOf({ a: {} })],
  ['any value at all', objectOf({ a: true })],
  ['a tuple', objectOf({ a: { type: 'array', prefixItems: [text] } })],
  ['a list of anything', objectOf({ a: { type: 'array' } })],
  ['fields by condition', objectOf({ a: text }, { if: {}, else: {} })],
  ['alternatives at its top', { type: 'object', anyOf: [objectOf({ a: text })] }],
  ['what nests too deep', deep],
  [
    'too many fields',
    objectOf(Object.fromEntries(Array.from({ length: 21 }, (_, at) => [at, text]))),
  ],
  ['a field that is needed and not there', objectOf({ a: text }, { required: ['b'] })],
  ['an object among its words', objectOf({ a: { enum: [{ b: 1 }] } })],
  ['a reference elsewhere', objectOf({ a: { $ref: '#/properties/b' }, b: text })],
])('%s has no strict form', (_, schema) => {
  expect(strictSchema(schema as Record<string, unknown>, openai)).toBe(null)
})

test('a schema that is sent as it is has no keywords of its own', () => {
  const sent = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    'x-data-designer-storage': 'json',
    properties: { 'x-ray': { type: 'object', 'x-data-designer-storage': 'json' } },
    enum: [{ 'x-a': 1 }],
  }
  expect(plainSchema(sent)).toEqual({
    type: 'object',
    properties: { 'x-ray': { type: 'object' } },
    enum: [{ 'x-a': 1 }],
  })
})
