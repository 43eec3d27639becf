import { expect, test } from 'vitest'
import { answerSchema } from '../../src/columns/answer-schema.ts'
import { readStructured } from '../../src/columns/structured-reply.ts'
import { type ModelReply, noUsage } from '../../src/graph/request.ts'
import { createRandom } from '../../src/random/random.ts'
import { stringifyJson } from '../../src/util/json.ts'
import { breakages, intendedBy } from './breakages.ts'
import { type Draw, intendedOf } from './values.ts'

/*
 * A thousand answers, each a value of a schema, broken in one of the ways that small models have. The
 * seed is fixed, so they are the same ones each time.
 */

const answers = 1040

function reply(text: string, cut: boolean): ModelReply {
  const content = [{ type: 'text' as const, text }]
  const finishReason = cut ? 'length' : 'stop'
  return { content, reasoning: null, finishReason, usage: noUsage, model: 'test' }
}

interface Tally {
  recovered: number
  lost: number
  wrong: string[]
  missed: string[]
}

function tallyOf(name: string, count: number): Tally {
  const random = createRandom(1n, `broken ${name}`)
  const tally: Tally = { recovered: 0, lost: 0, wrong: [], missed: [] }
  for (let at = 0; at < count; at += 1) {
    random.at(at)
    const draw: Draw = (options) => Math.floor(random.uniform() * options)
    const { schema, value } = intendedOf(draw)
    const broken = breakages[name]?.(value, draw) ?? { text: '' }
    const read = readStructured(reply(broken.text, broken.cut ?? false), answerSchema(schema))
    const intended = stringifyJson(intendedBy(name, value))
    const made = 'value' in read ? stringifyJson(read.value) : null
    if (made === intended) tally.recovered += 1
    else if (made !== null) tally.wrong.push(`${broken.text} => ${made}`)
    else if (broken.lost) tally.lost += 1
    else tally.missed.push(broken.text)
  }
  return tally
}

const names = Object.keys(breakages)
const tallies = new Map(names.map((name) => [name, tallyOf(name, answers / names.length)]))

test.each(names)('answers %s: none is read as another value', (name) => {
  expect(tallies.get(name)?.wrong).toEqual([])
})

test('98 in 100 of those that can be read come out as they were meant', () => {
  const all = [...tallies.values()]
  const recovered = all.reduce((sum, tally) => sum + tally.recovered, 0)
  const missed = all.flatMap((tally) => tally.missed)
  expect(recovered / (recovered + missed.length), missed.join('\n\n')).toBeGreaterThanOrEqual(0.98)
})
