import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { InFlight, type Sent } from './in-flight.ts'

test('the oldest is the first that entered and has not left, whatever left before', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 80 }), (steps) => {
      const sent = new InFlight()
      const expected: Sent[] = []
      for (const [sentAt, step] of steps.entries()) {
        if (step % 2 === 0 || expected.length === 0) {
          const added: Sent = { sentAt, previous: null, next: null }
          sent.add(added)
          expected.push(added)
        } else {
          for (const left of expected.splice(step % expected.length, 1)) sent.delete(left)
        }
        expect(sent.oldest).toBe(expected[0] ?? null)
        expect(fromOldest(sent)).toEqual(expected.map((each) => each.sentAt))
      }
    }),
  )
})

function fromOldest({ oldest }: InFlight): number[] {
  const times: number[] = []
  for (let each = oldest; each !== null; each = each.next) times.push(each.sentAt)
  return times
}
