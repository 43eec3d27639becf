import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLine, placeOf, type Waiting } from './line.ts'

interface Work extends Waiting {
  id: number
}

test('oldest group first, then deepest column, then first come, however works come and go', () => {
  const step = fc.oneof(
    fc.record({ group: fc.integer({ min: -1, max: 5 }), depth: fc.integer({ min: 0, max: 4 }) }),
    fc.constant('shift' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const line = createLine<Work>()
      const waiting: Work[] = []
      const expectNext = (): void => {
        // A stable sort of what is there, in the order it came.
        const next = waiting.toSorted((a, b) => a.group - b.group || b.depth - a.depth)[0]
        expect(line.first()).toBe(next === undefined ? undefined : placeOf(next))
        expect(line.shift()).toBe(next)
        if (next !== undefined) waiting.splice(waiting.indexOf(next), 1)
        expect(line.size).toBe(waiting.length)
      }
      steps.forEach((event, id) => {
        if (event === 'shift') return expectNext()
        const work = { ...event, id }
        waiting.push(work)
        line.push(work)
      })
      while (waiting.length > 0) expectNext()
      expect(line.shift()).toBeUndefined()
    }),
  )
})

test('20,000 works at as many places leave in order', () => {
  const line = createLine<Work>()
  const count = 20_000
  for (let id = 0; id < count; id += 1) line.push({ group: (id * 7_919) % count, depth: 0, id })
  let last = -1
  for (let taken = 0; taken < count; taken += 1) {
    const { group } = line.shift() as Work
    expect(group > last, `group ${group} after ${last}`).toBe(true)
    last = group
  }
  expect(line.size).toBe(0)
})

test('a line that is never empty keeps no room for what went through it', () => {
  const line = createLine<Work>()
  const through = 3_000_000
  setFlagsFromString('--expose-gc')
  // A context made before the flag has no `gc`, and it has no type.
  const collect = runInNewContext('gc') as () => void
  const heap = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  line.push({ id: 0, group: 1, depth: 0 })
  const before = heap()
  for (let id = 1; id <= through; id += 1) {
    line.push({ id, group: 1, depth: 0 })
    if (line.shift()?.id !== id - 1) throw new Error(`another one came out before ${id}`)
  }
  expect(line.size).toBe(1)
  // A slot for each would be 24 MB.
  expect(heap() - before).toBeLessThan(4 * 2 ** 20)
})

test('works keep their order while what was taken is cut off', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1_500, max: 1_500 }), { maxLength: 60 }), (steps) => {
      const line = createLine<Work>()
      let pushed = 0
      let taken = 0
      for (const step of steps) {
        for (let left = step; left > 0; left -= 1) {
          line.push({ id: pushed, group: 0, depth: 0 })
          pushed += 1
        }
        for (let left = -step; left > 0 && taken < pushed; left -= 1) {
          expect(line.peek()?.id).toBe(taken)
          expect(line.shift()?.id).toBe(taken)
          taken += 1
        }
        expect(line.size).toBe(pushed - taken)
      }
    }),
    { numRuns: 30 },
  )
})
