import { phraseKey, wordHashes, wordsOf } from './text-words.ts'

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

/** Openings and phrases that are kept. */
const kept = 5
/** Texts that have a phrase, at least, and their share. */
const fewestTexts = 3
const leastShare = 0.02
/** Words that distinct-n looks at: its value falls with their number. */
const comparedWords = 20_000

/** What texts have in common. Phrases are counted by hash, then those of hashes that many texts have. */
export function textPhrases(texts: readonly string[]): TextPhrases {
  const openings = new Map<string, number>()
  const words = new Float64Array(texts.length)
  const hashed = texts.map((text, at) => {
    const own = wordsOf(text)
    words[at] = own.length
    if (own.length > openingWords) {
      const opening = own.slice(0, openingWords).join(' ')
      openings.set(opening, (openings.get(opening) ?? 0) + 1)
    }
    return wordHashes(own)
  })
  return {
    openings: mostFrequent([...openings].map(([text, count]) => ({ words: text, texts: count }))),
    phrases: sharedPhrases(texts, hashed),
    distinctWords: distinctShares(hashed),
    words,
  }
}

function mostFrequent(all: SharedWords[]): SharedWords[] {
  return all
    .filter(({ texts }) => texts > 1)
    .sort((one, other) => other.texts - one.texts || (one.words < other.words ? -1 : 1))
    .slice(0, kept)
}

/** Places that phrases are counted in first: several may share one. */
const places = 2 ** 20

interface Phrase {
  texts: number
  /** The last text that had it. */
  last: number
  /** Where it stands first. */
  text: number
  from: number
}

function sharedPhrases(texts: readonly string[], hashed: readonly Uint32Array[]): SharedWords[] {
  const enough = Math.max(fewestTexts, leastShare * texts.length)
  const counts = new Uint32Array(places)
  const lastText = new Int32Array(places).fill(-1)
  eachPhrase(hashed, (key, text) => {
    const place = key % places
    if (lastText[place] === text) return
    lastText[place] = text
    ;(counts[place] as number) += 1
  })
  const phrases = new Map<number, Phrase>()
  eachPhrase(hashed, (key, text, from) => {
    if ((counts[key % places] ?? 0) < enough) return
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

function eachPhrase(
  hashed: readonly Uint32Array[],
  see: (key: number, text: number, from: number) => void,
): void {
  for (const [text, hashes] of hashed.entries()) {
    for (let from = 0; from + phraseWords <= hashes.length; from += 1) {
      see(phraseKey(hashes, from, phraseWords), text, from)
    }
  }
}

/** Phrases that overlap with one before them say the same once more. */
function separate(phrases: readonly Phrase[], texts: readonly string[]): SharedWords[] {
  const chosen: { words: readonly string[]; texts: number }[] = []
  // Each chosen one has few neighbours.
  for (const { text, from, texts: times } of phrases.slice(0, 200)) {
    const words = wordsOf(texts[text] ?? '').slice(from, from + phraseWords)
    if (chosen.some((other) => overlap(other.words, words))) continue
    chosen.push({ words, texts: times })
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
  const all = hashed.reduce((sum, { length }) => sum + length, 0)
  // From texts all over, whole ones.
  const stride = Math.max(1, Math.ceil(all / comparedWords))
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
