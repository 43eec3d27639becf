import { processorMs } from '../../test/support/processor-time.ts'
import { describe, expect, test } from 'vitest'
import { parseJson, stringifyJson } from '../util/json.ts'
import { answerSchema } from './answer-schema.ts'
import type { SchemaObject } from './schema-nodes.ts'

function read(schema: SchemaObject, text: string): string {
  const answer = answerSchema(schema).read(parseJson(text))
  return 'value' in answer ? stringifyJson(answer.value) : answer.problems.join('; ')
}

const object = (properties: SchemaObject, more: SchemaObject = {}): SchemaObject => ({
  type: 'object',
  properties,
  ...more,
})

describe('values are fitted', () => {
  test.each<[SchemaObject | string, string, string]>([
    ['integer', '7', '7'],
    ['integer', '"7"', '7'],
    ['integer', '" +1,234 "', '1234'],
    ['integer', '7.0', '7'],
    ['integer', '"7.0"', '7.0'],
    ['integer', '12345678901234567890', '12345678901234567890'],
    ['number', '3', '3'],
    ['number', '3.0', '3.0'],
    ['number', '"1,234.50"', '1234.5'],
    ['number', '"1e3"', '1000.0'],
    ['boolean', '"Yes"', 'true'],
    ['boolean', '"false"', 'false'],
    ['string', '90210', '"90210"'],
    ['string', '3.0', '"3.0"'],
    ['null', '"none"', 'null'],
    [{ type: ['integer', 'null'] }, 'null', 'null'],
    [{ type: ['integer', 'null'] }, '"7"', '7'],
    [{ type: 'array', items: { type: 'integer' } }, '"7"', '[7]'],
    [{ type: 'array', items: { type: 'string' } }, '["a", 1]', '["a","1"]'],
    [
      { type: 'array', prefixItems: [{ type: 'integer' }], items: { type: 'string' } },
      '["1", 2]',
      '[1,"2"]',
    ],
    [{ type: 'array' }, '"[1, 2]"', '[1,2]'],
    [{ type: 'object' }, '"{\\"a\\": 1}"', '{"a":1}'],
    [{ enum: ['Good', 'Bad'] }, '" good"', '"Good"'],
    [{ enum: ['very_good', 'bad'] }, '"Very good."', '"very_good"'],
    [{ type: 'string', enum: ['1', '2'] }, '1.0', '"1"'],
    [{ enum: [1, 2] }, '"2"', '2'],
    [{ enum: [-1, 1] }, '"-1"', '-1'],
    [{ const: 'cat' }, '"Cat"', '"cat"'],
  ])('%j of %s', (schema, given, expected) => {
    expect(read(typeof schema === 'string' ? { type: schema } : schema, given)).toBe(expected)
  })

  test.each<[SchemaObject | string, string]>([
    ['integer', '"seven"'],
    ['integer', '"007"'],
    ['integer', '7.5'],
    ['integer', 'true'],
    ['integer', '"1,23"'],
    ['number', '"5 kg"'],
    ['number', 'NaN'],
    ['boolean', '1'],
    ['boolean', '"maybe"'],
    ['string', 'true'],
    ['string', 'null'],
    ['string', '["a"]'],
    [{ enum: ['typical', 'other'] }, '"atypical"'],
    [{ enum: ['a b', 'a_b'] }, '"A-B"'],
    [{ enum: ['good', 'GOOD'] }, '"Good"'],
    [{ type: 'array', items: { type: 'integer' }, minItems: 2 }, '7'],
  ])('%j refuses %s', (schema, given) => {
    expect(read(typeof schema === 'string' ? { type: schema } : schema, given)).toMatch(
      /^the answer|^\[0\]/,
    )
  })
})

describe('objects', () => {
  const dish = object(
    { title: { type: 'string' }, minutes: { type: 'integer' }, full_name: { type: 'string' } },
    { required: ['title'] },
  )

  test.each([
    ['fields that are not known are left out', '{"title":"a","x":{"y":1}}', '{"title":"a"}'],
    ['no null where a field may be absent', '{"title":"a","minutes":null}', '{"title":"a"}'],
    [
      'fields by another spelling',
      '{"Title":"a","Full Name":"b"}',
      '{"title":"a","full_name":"b"}',
    ],
    ["the order is the answer's", '{"minutes":1,"title":"a"}', '{"minutes":1,"title":"a"}'],
    ['one more object around it', '{"dish":{"title":"a"}}', '{"title":"a"}'],
    ['a list of one around it', '[{"title":"a"}]', '{"title":"a"}'],
  ])('%s', (_, given, expected) => {
    expect(read(dish, given)).toBe(expected)
  })

  test.each([
    ['{"minutes":"ten"}', 'the answer lacks "title"; minutes must be an integer; it is "ten"'],
    ['{"title":null}', 'title must be a string; it is null'],
    ['{"TITLE":"a","Title":"b"}', 'the answer lacks "title"'],
    [
      '[{"title":"a"},{"title":"b"}]',
      'the answer must be an object; it is [{"title":"a"},{"title":"b"}]',
    ],
  ])('%s: %s', (given, problems) => {
    expect(read(dish, given)).toBe(problems)
  })

  test('null where a field that must be there has none', () => {
    const schema = object(
      { a: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
      { required: ['a'] },
    )
    expect(read(schema, '{}')).toBe('{"a":null}')
  })

  test('what the schema leaves open is kept', () => {
    const given = '{"a":"1","b":{"c":"2"}}'
    expect(read({ type: 'object', description: 'anything' }, given)).toBe(given)
    expect(read(object({ a: {} }, { additionalProperties: true }), given)).toBe(given)
    const numbers = object(
      {},
      { additionalProperties: { type: 'object', additionalProperties: { type: 'integer' } } },
    )
    expect(read(numbers, '{"b":{"c":"2"}}')).toBe('{"b":{"c":2}}')
    const patterns = object({}, { patternProperties: { '^n_': { type: 'integer' } } })
    expect(read(patterns, '{"n_a":"1","b":2}')).toBe('{"n_a":1}')
    expect(read(object({}, { additionalProperties: false }), given)).toBe('{}')
  })

  test('composed ones have the fields of all parts', () => {
    const schema = {
      $defs: { base: object({ id: { type: 'integer' } }, { required: ['id'] }) },
      allOf: [{ $ref: '#/$defs/base' }, object({ name: { type: 'string' } })],
    }
    expect(read(schema, '{"id":"1","name":"x","more":1}')).toBe('{"id":1,"name":"x"}')
  })

  test('fields with names of the language are fields like any', () => {
    const schema = object(
      { constructor: { type: 'integer' }, __proto__x: { type: 'integer' } },
      { required: ['constructor'] },
    )
    expect(read(schema, '{}')).toBe('the answer lacks "constructor"')
    expect(read(schema, '{"__proto__":1,"constructor":"2"}')).toBe('{"constructor":2}')
  })
})

describe('alternatives', () => {
  const cat = object(
    { kind: { const: 'cat' }, lives: { type: 'integer' } },
    { required: ['kind', 'lives'] },
  )
  const dog = object(
    { kind: { const: 'dog' }, tricks: { type: 'array', items: { type: 'string' } } },
    { required: ['kind'] },
  )
  const $defs = { cat, dog }
  const branches = [{ $ref: '#/$defs/cat' }, { $ref: '#/$defs/dog' }]

  test.each(['anyOf', 'oneOf'])('%s is fitted by the alternative of its constants', (word) => {
    const schema = object({ pet: { [word]: branches } }, { $defs })
    expect(read(schema, '{"pet":{"kind":"Cat","lives":"9","tricks":"x"}}')).toBe(
      '{"pet":{"kind":"cat","lives":9}}',
    )
    expect(read(schema, '{"pet":{"kind":"dog","lives":9,"tricks":"sit"}}')).toBe(
      '{"pet":{"kind":"dog","tricks":["sit"]}}',
    )
    expect(read(schema, '{"pet":{"kind":"cat"}}')).toContain('pet lacks "lives"')
    expect(read(schema, '{"pet":{"kind":"cow"}}')).toContain('pet')
  })

  test('the discriminator of OpenAPI', () => {
    const mapping = { meow: '#/$defs/a', woof: '#/$defs/b' }
    const schema = {
      $defs: {
        a: object({ sound: { type: 'string' }, lives: { type: 'integer' } }),
        b: object({ sound: { type: 'string' }, lives: { type: 'string' } }),
      },
      oneOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }],
      discriminator: { propertyName: 'sound', mapping },
    }
    expect(read(schema, '{"sound":"Woof","lives":9}')).toContain('"lives":"9"')
  })

  test('the one in which the most is kept, where nothing tells them apart', () => {
    const small = object({ a: { type: 'integer' } })
    const large = object({ a: { type: 'integer' }, b: { type: 'integer' } })
    for (const word of ['anyOf', 'oneOf']) {
      expect(read({ [word]: [small, large] }, '{"a":1,"b":"2"}')).toBe('{"a":1,"b":2}')
      expect(read({ [word]: [small, large] }, '{"a":1,"b":2,"c":3}')).toBe('{"a":1,"b":2}')
    }
  })

  test('a value that an alternative takes as it is stays as it is', () => {
    const schema = { anyOf: [{ type: 'string' }, { type: 'integer' }] }
    expect(read(schema, '5')).toBe('5')
    expect(read(schema, '"5"')).toBe('"5"')
    expect(read({ anyOf: [{ type: 'integer' }, { type: 'null' }] }, '"5"')).toBe('5')
  })

  test('if, then and else', () => {
    const schema = object(
      { kind: { type: 'string' } },
      {
        if: object({ kind: { const: 'a' } }),
        // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
        then: object({ n: { type: 'integer' } }),
        else: object({ n: { type: 'string' } }),
      },
    )
    expect(read(schema, '{"kind":"a","n":"1"}')).toBe('{"kind":"a","n":1}')
    expect(read(schema, '{"kind":"b","n":1}')).toBe('{"kind":"b","n":"1"}')
  })

  test('recursion ends, however deep the value is', () => {
    const schema = {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          anyOf: [
            { type: 'integer' },
            object({ left: { $ref: '#/$defs/node' }, right: { $ref: '#/$defs/node' } }),
          ],
        },
      },
    }
    let text = '"1"'
    for (let depth = 0; depth < 30; depth += 1) text = `{"left":${text},"right":2,"x":0}`
    expect(
      processorMs(() => {
        expect(read(schema, text)).not.toContain('x')
      }),
    ).toBeLessThan(2_000)
  })
})

test('decimals of Pydantic are numbers, rounded half up to the digits of the pattern', () => {
  const pattern = '^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d{0,2}0*$'
  const schema = { anyOf: [{ type: 'number' }, { type: 'string', pattern }] }
  expect(read(schema, '1.005')).toBe('1.01')
  expect(read(schema, '"12.5"')).toBe('12.5')
  expect(read(schema, '"3"')).toBe('3.0')
  expect(read(schema, '-2.345')).toBe('-2.35')
})

test('an object whose last bracket is missing is whole with all of its fields only', () => {
  const schema = answerSchema(object({ a: { type: 'integer' }, b: { type: 'integer' } }))
  const unclosed = (text: string) => schema.read(parseJson(text), { unclosed: true })
  expect(unclosed('{"a":1,"b":2}')).toHaveProperty('value')
  expect(unclosed('{"a":1}')).toEqual({ problems: ['its JSON is not complete'] })
})

test('formats are notes, and 0.3 is a multiple of 0.1', () => {
  expect(read({ type: 'string', format: 'email' }, '"nobody"')).toBe('"nobody"')
  expect(read({ type: 'number', multipleOf: 0.1 }, '0.3')).toBe('0.3')
})

test('a few problems are reported at once', () => {
  const names = Array.from({ length: 12 }, (_, at) => `f${at}`)
  expect(read({ type: 'object', required: names }, '{}')).toMatch(/"f0"; .*"f7"; and 4 more$/)
})
