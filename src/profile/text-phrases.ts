import { createWordScanner, phraseKey, wordsOf } from './text-words.ts'
import { mixed } from '../processors/shingles.ts'

/** Words of an opening, and of a phrase. */
const openingWords = 4
const phraseWords = 5

/** Words that several texts have in common. */
export interface SharedWords {
  words: string
  /** Texts that have them. */
  texts: number
}

/** Shares of single words, of two and of three; null where no text has so many. */
export type DistinctWords = readonly [number | null, number | null, number | null]

export interface TextPhrases {
  /** How texts begin, the most frequent openings first. */
  openings: readonly SharedWords[]
  /** The phrases in most texts. */
  phrases: readonly SharedWords[]
  /** Different words, and stretches of two and three, of all in a part of the texts: distinct-1, -2 and -3. */
  distinctWords: DistinctWords
  /** Of each text. */
  words: Float64Array
}

/** Texts that hold the thread. */
const textsInTurn = 100
/** Openings and phrases that are kept. */
const kept = 5
/** Texts that have a phrase, at least, and their share. */
const fewestTexts = 3
const leastShare = 0.02
/** Words that distinct-n looks at: its value falls with their number. */
const comparedWords = 20_000

/** What texts have in common. Phrases are counted by hash, then those of hashes that many texts have. */
export async function textPhrases(texts: readonly string[]): Promise<TextPhrases> {
  const scan = createWordScanner()
  const openings = new Map<number, Shared>()
  const words = new Float64Array(texts.length)
  const hashed: Uint32Array[] = []
  for (const [at, text] of texts.entries()) {
    if (at % textsInTurn === 0) await new Promise(setImmediate)
    const hashes = scan(text.toLowerCase()).hashes.slice()
    words[at] = hashes.length
    hashed.push(hashes)
    if (hashes.length <= openingWords) continue
    const opening = phraseKey(hashes, 0, openingWords)
    const found = openings.get(opening)
    if (found === undefined) openings.set(opening, { texts: 1, text: at, from: 0 })
    else found.texts += 1
  }
  return {
    openings: sharedOpenings([...openings.values()], texts),
    phrases: sharedPhrases(texts, hashed),
    distinctWords: distinctShares(hashed),
    words,
  }
}

/** Words in a row that some texts have. */
interface Shared {
  texts: number
  /** Where they stand first: a text, and the position of their first word. */
  text: number
  from: number
}

function sharedOpenings(all: readonly Shared[], texts: readonly string[]): SharedWords[] {
  return all
    .filter((opening) => opening.texts > 1)
    .sort((one, other) => other.texts - one.texts || one.text - other.text)
    .slice(0, kept)
    .map((opening) => ({
      words: wordsAt(opening, texts, openingWords).join(' '),
      texts: opening.texts,
    }))
}

function wordsAt(
  { text, from }: Shared,
  texts: readonly string[],
  count: number,
): readonly string[] {
  return wordsOf(texts[text] ?? '').slice(from, from + count)
}

/** Places that phrases are counted in first. Several share one, but seldom enough to look frequent. */
const places = { fewest: 2 ** 10, most: 2 ** 20, forEnough: 4 }

interface Phrase extends Shared {
  /** The last text that had it. */
  last: number
}

function sharedPhrases(texts: readonly string[], hashed: readonly Uint32Array[]): SharedWords[] {
  const enough = Math.max(fewestTexts, leastShare * texts.length)
  const size = placesFor(hashed, enough)
  const counts = new Uint32Array(size)
  const lastText = new Int32Array(size).fill(-1)
  eachPhrase(hashed, size, (place, text) => {
    if (lastText[place] === text) return
    lastText[place] = text
    ;(counts[place] as number) += 1
  })
  const phrases = new Map<number, Phrase>()
  eachPhrase(hashed, size, (place, text, from) => {
    if ((counts[place] as number) < enough) return
    const key = phraseKey(hashed[text] ?? new Uint32Array(), from, phraseWords)
    const found = phrases.get(key)
    if (found === undefined) phrases.set(key, { texts: 1, last: text, text, from })
    else if (found.last !== text) {
      found.texts += 1
      found.last = text
    }
  })
  const all = [...phrases.values()]
    .filter((phrase) => phrase.texts >= enough)
    .sort((one, other) => other.texts - one.texts || one.text - other.text || one.from - other.from)
  return separate(all, texts)
}

/** A power of two. */
function placesFor(hashed: readonly Uint32Array[], enough: number): number {
  const wanted = (places.forEnough * countWords(hashed)) / enough
  let size = places.fewest
  while (size < wanted && size < places.most) size *= 2
  return size
}

function countWords(hashed: readonly Uint32Array[]): number {
  return hashed.reduce((sum, { length }) => sum + length, 0)
}

/** Each word's weight in the sum of its phrase is one of these times that of the word behind it. */
const factor = 0x0100_0193
/** That of the word before a phrase, which its sum still has. */
const outside = Array.from({ length: phraseWords }).reduce<number>(
  (power) => Math.imul(power, factor),
  1,
)

/** Calls with the place of each phrase, by a sum that rolls from one to the next. */
function eachPhrase(
  hashed: readonly Uint32Array[],
  size: number,
  see: (place: number, text: number, from: number) => void,
): void {
  for (let text = 0; text < hashed.length; text += 1) {
    const hashes = hashed[text] as Uint32Array
    let sum = 0
    for (let at = 0; at < hashes.length; at += 1) {
      sum = (Math.imul(sum, factor) + (hashes[at] as number)) | 0
      const from = at - phraseWords + 1
      if (from > 0) sum = (sum - Math.imul(hashes[from - 1] as number, outside)) | 0
      if (from >= 0) see(mixed(sum) & (size - 1), text, from)
    }
  }
}

/** Phrases that overlap with one before them say the same once more. */
function separate(phrases: readonly Phrase[], texts: readonly string[]): SharedWords[] {
  const chosen: { words: readonly string[]; texts: number }[] = []
  // Each chosen one has few neighbours.
  for (const phrase of phrases.slice(0, 200)) {
    const words = wordsAt(phrase, texts, phraseWords)
    if (chosen.some((other) => overlap(other.words, words))) continue
    chosen.push({ words, texts: phrase.texts })
    if (chosen.length === kept) break
  }
  return chosen.map(({ words, texts: times }) => ({ words: words.join(' '), texts: times }))
}

/** Whether the end of one is the beginning of the other, by two words and more. */
function overlap(one: readonly string[], other: readonly string[]): boolean {
  for (let shared = 2; shared <= phraseWords; shared += 1) {
    const [a, b] = [one.join(' '), other.join(' ')]
    const isEnd = (text: string, words: readonly string[]): boolean =>
      text.endsWith(words.slice(0, shared).join(' '))
    if (isEnd(a, other) || isEnd(b, one)) return true
  }
  return false
}

function distinctShares(hashed: readonly Uint32Array[]): DistinctWords {
  // From texts all over, whole ones.
  const stride = Math.max(1, Math.ceil(countWords(hashed) / comparedWords))
  const chosen = hashed.filter((_, at) => at % stride === 0)
  const shareOf = (width: number): number | null => {
    const seen = new Set<number>()
    let count = 0
    for (const hashes of chosen) {
      for (let from = 0; from + width <= hashes.length; from += 1) {
        seen.add(phraseKey(hashes, from, width))
        count += 1
      }
    }
    return count === 0 ? null : seen.size / count
  }
  return [shareOf(1), shareOf(2), shareOf(3)]
}
