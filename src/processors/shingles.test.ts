import { expect, test } from 'vitest'
import { createRandom } from '../random/random.ts'
import { createShingler, mixed } from './shingles.ts'

/** What shingles are, by expressions. */
function shinglesByDefinition(text: string): number[] {
  const bare = text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim()
  if (bare === '') return []
  const width = Math.min(5, bare.length)
  const hashes = Array.from({ length: bare.length - width + 1 }, (_, at) => {
    let hash = 0x811c_9dc5
    for (let next = at; next < at + width; next += 1) {
      hash = Math.imul(hash ^ bare.charCodeAt(next), 0x0100_0193)
    }
    return mixed(hash)
  })
  return [...new Set(hashes)].toSorted((one, other) => one - other)
}

const pieces = [
  ['a', 'B', '3', ' ', '.', ',', '-', '\u00a0', '\n', "'", '_'],
  ['é', 'e\u0301', 'ß', 'İ', 'Σ', 'ﬁ', '№', '猫', 'ไ', 'ש', '٣'],
  ['👋🏽', '𝒜', '𠮷', '\u{10400}', '\ud83d', '\udc4b', '\ud801', 'kettle ', 'the lamp'],
].flat()

test('stretches are those of the definition, whatever the characters', () => {
  const shinglesOf = createShingler()
  const random = createRandom(0n, 'texts')
  for (let length = 0; length < 400; length += 1) {
    const text = Array.from(
      { length: length % 40 },
      () => pieces[random.bits() % pieces.length] ?? '',
    ).join('')
    expect([...shinglesOf(text)], JSON.stringify(text)).toEqual(shinglesByDefinition(text))
  }
  const long = pieces.join('').repeat(400)
  expect([...shinglesOf(long)]).toEqual(shinglesByDefinition(long))
})
