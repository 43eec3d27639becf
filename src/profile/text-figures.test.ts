import { expect, test } from 'vitest'
import { createRandom } from '../random/random.ts'
import { textFigures, type TextFigures } from './text-figures.ts'
import { textPhrases } from './text-phrases.ts'
import { textRepeats } from './text-repeats.ts'
import { wordsOf } from './text-words.ts'

const sentence = (number: number): string =>
  Array.from({ length: 30 }, (_, at) => `w${(number * 7919 + at * 104_729) % 50_021}`).join(' ')

function figuresOf(texts: readonly string[]): Promise<TextFigures> {
  return textFigures({ column: 'text', field: null, isListed: false, texts })
}

test('texts repeat exactly, nearly, or not at all', async () => {
  const originals = Array.from({ length: 300 }, (_, at) => sentence(at))
  const copies = originals.slice(0, 40)
  const altered = originals.slice(100, 160).map((text) => `${text} more`)
  const repeats = await textRepeats([...originals, ...copies, ...altered])
  expect(repeats).toMatchObject({ distinct: 360, exact: 40, near: 60 })
  expect(repeats.pairs).toHaveLength(5)
  expect(repeats.pairs[0]?.texts[1]).toBe(`${repeats.pairs[0]?.texts[0]} more`)
  expect(await textRepeats([...originals, ...copies, ...altered])).toEqual(repeats)
})

test('texts without letters, and very short ones, are compared too', async () => {
  expect(await textRepeats(['!', '!', '?', '', 'a', 'a.'])).toMatchObject({
    distinct: 5,
    exact: 1,
    near: 1,
  })
})

test('openings and phrases are counted once for each text, and overlaps are omitted', async () => {
  const texts = Array.from({ length: 100 }, (_, at) =>
    at < 60
      ? `Thank you for writing, ${sentence(at)}. We read every single review, we read every single review.`
      : sentence(at),
  )
  const { openings, phrases } = await textPhrases(texts)
  expect(openings).toEqual([{ words: 'thank you for writing', texts: 60 }])
  expect(phrases).toEqual([{ words: 'we read every single review', texts: 60 }])
})

test('words are those of many scripts, without case', () => {
  expect(wordsOf("Don't STOP: été №5")).toEqual(["don't", 'stop', 'été', '5'])
  expect(wordsOf('猫が好き')).toHaveLength(4)
  expect(wordsOf('שלום עולם')).toHaveLength(2)
  expect(wordsOf('👋 !')).toEqual([])
})

test('distinct-n falls with repetition, and is null where no text is long enough', async () => {
  const same = await figuresOf(Array.from({ length: 100 }, () => 'a b c d'))
  expect(same).toMatchObject({ distinct: 1, exactRepeats: 99, words: { min: 4, max: 4, mean: 4 } })
  expect(same.distinctWords.map((one) => one?.toFixed(3))).toEqual(['0.010', '0.010', '0.010'])
  expect(same.values).toEqual([{ text: 'a b c d', count: 100 }])
  const different = await figuresOf(Array.from({ length: 100 }, (_, at) => sentence(at)))
  expect(different.distinctWords[2]).toBeGreaterThan(0.9)
  expect(different.values).toBeNull()
  expect((await figuresOf(['one'])).distinctWords).toEqual([1, null, null])
})

test('characters are those that people count', async () => {
  expect((await figuresOf(['👋👋', 'abc'])).characters).toMatchObject({ min: 2, max: 3 })
})

test.each([30, 200, 1500])(
  'of texts of %d characters nearly all that are just near enough are found',
  async (length) => {
    const random = createRandom(0n, `texts of ${length}`)
    const letters = (count: number): string =>
      Array.from({ length: count }, () => String.fromCharCode(97 + (random.bits() % 26))).join('')
    // Of n stretches all stay, and nearly a fourth of n comes with the end: 0.8, and a little more
    // where a long text has a stretch twice.
    const added = Math.floor((length - 4) / 4 - length / 500)
    const pairs = Array.from({ length: 300 }, () => letters(length)).flatMap((text) => [
      text,
      text + letters(added),
    ])
    const { near } = await textRepeats(pairs)
    expect(near).toBeGreaterThanOrEqual(290)
    const further = pairs.map((text, at) => (at % 2 === 0 ? text : text + letters(8)))
    expect((await textRepeats(further)).near).toBe(0)
  },
)

test('words are found as by an expression', () => {
  const word =
    /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]|[[\p{L}\p{N}\p{M}'’]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]]+/gv
  const pieces = [
    ['a', 'B', '3', ' ', '.', 'é', '\u0301', 'İ', 'Σ', '№', '猫', 'が', 'ไ', 'ש', '٣', '’', '_'],
    ['👋', '𝒜', '𠮷', '\u{10400}', '\ud83d', '\udc4b', ' the '],
  ].flat()
  const random = createRandom(0n, 'words')
  for (let length = 0; length < 400; length += 1) {
    const text = Array.from(
      { length: length % 30 },
      () => pieces[random.bits() % pieces.length] ?? '',
    ).join('')
    expect(wordsOf(text), JSON.stringify(text)).toEqual(text.toLowerCase().match(word) ?? [])
  }
})
