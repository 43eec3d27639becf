import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { replyOf, replyText } from './reply-text.ts'
import { type Content, type ModelReply, noUsage } from './request.ts'

const block: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text: fc.string({ unit: 'grapheme' }) }),
  fc.record({
    type: fc.constant('media' as const),
    media: fc.oneof(fc.record({ url: fc.webUrl() }), fc.record({ base64: fc.base64String() })),
    mime: fc.constantFrom('image/png', 'audio/wav'),
  }),
  fc.record({
    type: fc.constant('tool-call' as const),
    id: fc.string(),
    name: fc.string(),
    arguments: fc.json(),
  }),
)

test('a reply comes back as it was, vectors to the bit, without its quotas', () => {
  const reply = fc.record(
    {
      content: fc.array(block),
      reasoning: fc.option(fc.string({ minLength: 1 })),
      vectors: fc.array(fc.float32Array({ noNaN: true })),
      finishReason: fc.constantFrom('stop', 'length'),
      usage: fc.record({
        ...Object.fromEntries(Object.keys(noUsage).map((key) => [key, fc.nat()])),
        cost: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 })),
      }) as fc.Arbitrary<ModelReply['usage']>,
      model: fc.string(),
    },
    { requiredKeys: ['content', 'reasoning', 'finishReason', 'usage', 'model'] },
  )
  fc.assert(
    fc.property(reply, (given) => {
      // exactOptionalPropertyTypes: fast-check gives undefined for keys it omitted.
      const whole = given as ModelReply
      const back = replyOf(replyText({ ...whole, limits: { requests: null, tokens: null } }))
      expect(back.vectors?.map((vector) => new Uint8Array(vector.buffer))).toEqual(
        whole.vectors?.map((vector) => new Uint8Array(vector.slice().buffer)),
      )
      expect({ ...back, vectors: undefined }).toEqual({ ...whole, vectors: undefined })
    }),
  )
})

test('a vector longer than a call can have arguments, and one that is part of a buffer', () => {
  const long = Float32Array.from({ length: 300_000 }, (_, at) => at / 7)
  const reply: ModelReply = {
    content: [],
    reasoning: null,
    vectors: [long, long.subarray(3, 5)],
    finishReason: 'stop',
    usage: noUsage,
    model: 'm',
  }
  expect(replyOf(replyText(reply))).toEqual(reply)
})
