import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { commonFields } from '../../src/config/common-fields.ts'
import { vectorType } from '../../src/graph/column-type.ts'
import { type ColumnKind, defineColumn } from '../../src/graph/kind.ts'
import { type ChatMessage, textMessage, textOf } from '../../src/graph/request.ts'

/** The row's number as a value, so that prompts and records say which row they are of. */
export const rowNumber = defineColumn({
  type: 'row-number',
  schema: z.strictObject({ ...commonFields, column_type: z.literal('row-number') }),
  describe: () => ({
    by: 'row',
    pure: true,
    output: 'int64',
    references: [],
    routes: [],
  }),
  bind: () => ({ by: 'row', generate: ({ index }) => index }),
})

const paidSchema = z.strictObject({
  ...commonFields,
  column_type: z.literal('paid'),
  of: z.string(),
})

/** Work that costs something each time: a call is a line with the row's number in `receipts`. */
function paidColumn(receipts: string): ColumnKind<z.output<typeof paidSchema>> {
  return defineColumn({
    type: 'paid',
    schema: paidSchema,
    describe: ({ of }, { path }) => ({
      by: 'cell',
      pure: false,
      output: 'string',
      references: [{ name: of, path: [...path, 'of'] }],
      routes: [],
    }),
    bind: ({ of }, context) => ({
      by: 'cell',
      requests: 'none',
      async run(row) {
        appendFileSync(receipts, `${row.index}\n`)
        await setTimeout(2)
        return { value: `paid for ${JSON.stringify(row.get(context.columnId(of)))}` }
      },
    }),
  })
}

const wholeSchema = z.strictObject({
  ...commonFields,
  column_type: z.enum(['whole', 'paid-whole']),
  of: z.string(),
})

/** A free function of whole frames; each value depends on its own row only. */
const wholeColumn = wholeKind('whole', () => undefined)

/** A function of whole frames that costs something for every row it is given. */
function paidWholeColumn(receipts: string): ColumnKind<z.output<typeof wholeSchema>> {
  return wholeKind('paid-whole', (row) => appendFileSync(receipts, `${row}\n`))
}

function wholeKind(
  type: 'whole' | 'paid-whole',
  pay: (row: number) => void,
): ColumnKind<z.output<typeof wholeSchema>> {
  return {
    type,
    schema: wholeSchema,
    describe: ({ of }, { path }) => ({
      by: 'column',
      pure: type === 'whole',
      output: 'string',
      references: [{ name: of, path: [...path, 'of'] }],
      routes: [],
    }),
    bind: ({ of }, context) => ({
      by: 'column',
      async generate(rows) {
        for (const { index } of rows) pay(index)
        await setTimeout(2)
        const id = context.columnId(of)
        return rows.map((row) => ({ value: `${type} ${JSON.stringify(row.get(id))}` }))
      },
    }),
  }
}

const talkSchema = z.strictObject({
  ...commonFields,
  column_type: z.literal('talk'),
  turns: z.number().int(),
})

/**
 * A conversation of some turns, each asked with what was said before; `receipts` gets a line when its
 * function is entered and one when it is left.
 */
function talkColumn(receipts: string): ColumnKind<z.output<typeof talkSchema>> {
  return defineColumn({
    type: 'talk',
    schema: talkSchema,
    describe: (_config, context) => ({
      by: 'cell',
      pure: false,
      output: 'string',
      references: [],
      routes: [{ name: 'writer', operation: 'chat', requests: 'many' }],
      identity: context.modelIdentity('writer'),
    }),
    bind: ({ turns }) => ({
      by: 'cell',
      requests: 'many',
      async run({ index }, { request }) {
        appendFileSync(receipts, 'opened\n')
        try {
          const messages: ChatMessage[] = []
          for (let turn = 0; turn < turns; turn += 1) {
            messages.push(textMessage('user', `talk ${index}: turn ${turn}`))
            const { content } = await request('writer', {
              operation: 'chat',
              messages: [...messages],
            })
            messages.push({ role: 'assistant', content })
          }
          return { value: messages.map(({ content }) => textOf(content)).join(' / ') }
        } finally {
          appendFileSync(receipts, 'closed\n')
        }
      },
    }),
  })
}

const vectorSchema = z.strictObject({
  ...commonFields,
  column_type: z.literal('paid-vector'),
  of: z.string(),
})

/** Numbers of the vectors that `paid-vector` makes. */
export const vectorNumbersOf = (row: number): number[] =>
  Array.from({ length: 12 }, (_, at) => Math.fround(Math.sin(row + at)))

/** A vector per row; rows that are named in a file `wrong` in addition to the receipts get one too short. */
function paidVectorColumn(receipts: string): ColumnKind<z.output<typeof vectorSchema>> {
  return defineColumn({
    type: 'paid-vector',
    schema: vectorSchema,
    describe: ({ of }, { path }) => ({
      by: 'cell',
      pure: false,
      output: vectorType(12),
      references: [{ name: of, path: [...path, 'of'] }],
      routes: [],
    }),
    bind: () => ({
      by: 'cell',
      requests: 'none',
      async run({ index }) {
        appendFileSync(receipts, `${index}\n`)
        await setTimeout(2)
        const isWrong = existsSync(`${receipts}.wrong`) && index % 50 === 7
        return { value: Float32Array.from(vectorNumbersOf(index).slice(isWrong ? 1 : 0)) }
      },
    }),
  })
}

const imageSchema = z.strictObject({
  ...commonFields,
  column_type: z.literal('paid-image'),
  of: z.string(),
  images: z.number(),
})

/** A picture, as far as a store cares; every seventh row has the same one. */
export function imageOf(row: number, image: number): Buffer {
  return Buffer.from(`a picture of ${row % 7 === 0 ? 'all' : row}, number ${image}\n`.repeat(50))
}

/** Pictures of each row; with a file `wrong` in addition to the receipts, some rows fail after they put theirs. */
function paidImageColumn(receipts: string): ColumnKind<z.output<typeof imageSchema>> {
  return defineColumn({
    type: 'paid-image',
    schema: imageSchema,
    describe: ({ of }, { path }) => ({
      by: 'cell',
      pure: false,
      output: 'media',
      references: [{ name: of, path: [...path, 'of'] }],
      routes: [],
    }),
    bind: ({ images }, { media }) => ({
      by: 'cell',
      requests: 'none',
      async run({ index }) {
        appendFileSync(receipts, `${index}\n`)
        const paths: string[] = []
        for (let image = 0; image < images; image += 1) {
          paths.push((await media.put(imageOf(index, image), 'image/png')).path)
        }
        const isWrong = existsSync(`${receipts}.wrong`) && index % 50 === 8
        if (isWrong) throw new Error('it was no good')
        const back = await media.read(paths[0] ?? '')
        if (!imageOf(index, 0).equals(back)) throw new Error('it is another picture')
        return { value: images === 1 ? (paths[0] ?? '') : paths }
      },
    }),
  })
}

/** Every kind of this file, with the calls that cost something noted in `receipts`. */
export function testKinds(receipts: string): ColumnKind[] {
  return [
    rowNumber,
    paidColumn(receipts),
    wholeColumn,
    paidWholeColumn(receipts),
    talkColumn(receipts),
    paidVectorColumn(receipts),
    paidImageColumn(receipts),
  ]
}
