import type { SchemaObject } from '../../src/columns/schema-nodes.ts'
import type { Value } from '../../src/util/value.ts'

/** A number of some few, from 0; the same for the same row and call. */
export type Draw = (options: number) => number

/** A value with the schema it is of. */
export interface Intended {
  schema: SchemaObject
  value: ReadonlyMap<string, Value>
}

const object = (properties: SchemaObject, required: readonly string[]): SchemaObject => ({
  type: 'object',
  properties,
  required,
})

const text = { type: 'string' }
const count = { type: 'integer' }
const flag = { type: 'boolean' }
const mood = { enum: ['very_good', 'mixed', 'Bad'] }
const list = (items: object): object => ({ type: 'array', items })
const maybe = { anyOf: [text, { type: 'null' }] }

const review = object(
  { title: text, stars: count, mood, verified: flag, tags: list(text), reply: text, city: maybe },
  ['title', 'stars', 'mood', 'verified', 'tags', 'city'],
)

const order = object(
  {
    number: text,
    lines: list(
      object({ item: text, amount: count, price: { type: 'number' } }, ['item', 'amount']),
    ),
    address: object({ street: text, full_name: text }, ['street', 'full_name']),
    gift: flag,
  },
  ['number', 'lines', 'address', 'gift'],
)

const payment = {
  oneOf: [{ $ref: '#/$defs/card' }, { $ref: '#/$defs/transfer' }],
}
const bill = {
  $defs: {
    card: object({ by: { const: 'card' }, digits: text, months: count }, [
      'by',
      'digits',
      'months',
    ]),
    transfer: object({ by: { const: 'transfer' }, iban: text }, ['by', 'iban']),
  },
  ...object({ total: { type: 'number' }, payment, notes: list(text) }, [
    'total',
    'payment',
    'notes',
  ]),
}

const words = [
  'Lamp',
  'it was late',
  'a 5 inch pipe',
  'Zoë & Ali',
  'C:/temp',
  '3 of 4',
  'so, well: yes',
]

/** A value of one of the schemas. */
export function intendedOf(draw: Draw): Intended {
  const word = (): string => words[draw(words.length)] ?? ''
  const some = <T>(make: () => T): T[] => Array.from({ length: 1 + draw(3) }, make)
  switch (draw(3)) {
    case 0:
      return {
        schema: review,
        value: map({
          title: word(),
          stars: draw(6),
          mood: ['very_good', 'mixed', 'Bad'][draw(3)] ?? '',
          verified: draw(2) === 0,
          tags: some(word),
          city: draw(2) === 0 ? null : word(),
        }),
      }
    case 1:
      return {
        schema: order,
        value: map({
          number: `A-${draw(1000)}`,
          lines: some(() => map({ item: word(), amount: draw(9000), price: 0.25 + draw(5000) })),
          address: map({ street: word(), full_name: word() }),
          gift: draw(2) === 0,
        }),
      }
    default:
      return {
        schema: bill,
        value: map({
          total: 0.5 + draw(100_000),
          payment:
            draw(2) === 0
              ? map({ by: 'card', digits: String(1000 + draw(9000)), months: draw(48) })
              : map({ by: 'transfer', iban: `DE${draw(100)}` }),
          notes: some(word),
        }),
      }
  }
}

function map(fields: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(fields))
}
