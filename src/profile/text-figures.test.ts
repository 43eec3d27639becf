import { expect, test } from 'vitest'
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

test('openings and phrases are counted once for each text, and overlaps are omitted', () => {
  const texts = Array.from({ length: 100 }, (_, at) =>
    at < 60
      ? `Thank you for writing, ${sentence(at)}. We read every single review, we read every single review.`
      : sentence(at),
  )
  const { openings, phrases } = textPhrases(texts)
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
