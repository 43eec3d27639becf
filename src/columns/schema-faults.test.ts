import { expect, test } from 'vitest'
import { schemaFaults } from './schema-faults.ts'
import type { SchemaObject } from './schema-nodes.ts'

function faults(schema: SchemaObject): string[] {
  return schemaFaults(schema).map(({ path, message }) => `${path.join('/')}: ${message}`)
}

test.each<SchemaObject>([
  {},
  { type: 'object', properties: { a: { $ref: '#/definitions/b' } }, definitions: { b: true } },
  { $id: 'https://example.com/a', $defs: { x: { $anchor: 'here' } }, $ref: '#here' },
  { properties: { 'a/b~c': { type: 'string' }, d: { $ref: '#/properties/a~1b~0c' } } },
  { type: 'string', pattern: '\\-', format: 'whatever', 'x-mine': 1 },
])('%j is sound', (schema) => {
  expect(faults(schema)).toEqual([])
})

test('what is wrong is reported with its place', () => {
  const schema = {
    type: 'objct',
    properties: {
      a: { type: 'strng' },
      b: { $ref: '#/$defs/X' },
      c: { items: { pattern: '(' } },
      d: { required: 'x' },
      e: { $ref: 'https://example.com/b' },
    },
  }
  expect(faults(schema).map((fault) => fault.replace(/ \/\(\/.*/, ''))).toEqual([
    'properties/b/$ref: there is no "#/$defs/X" in the schema',
    'properties/e/$ref: there is no "https://example.com/b" in the schema',
    "properties/c/items/pattern: the pattern can't be used: Invalid regular expression:",
    'properties/a/type: a type must be one of array, boolean, integer, null, number, object, string',
    'properties/d/required: must be array',
    'type: a type must be one of array, boolean, integer, null, number, object, string',
  ])
})
