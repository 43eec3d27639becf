import { createCharacterClasses, isPairEnd } from '../processors/character-classes.ts'
import { mixed } from '../processors/shingles.ts'

/*
 * Words are stretches of letters and digits, without regard to case. Of scripts that put no space between
 * words each character counts as one.
 */
const between = 0
const inWord = 1
const alone = 2

const classes = createCharacterClasses((character) => {
  if (
    /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]/u.test(character)
  ) {
    return alone
  }
  return /[\p{L}\p{N}\p{M}'’]/u.test(character) ? inWord : between
})

/** Words as positions in a text without capitals, with their hashes: in arrays that the next text is written over. */
export interface ScannedWords {
  /** Where each begins and ends, one after the other. */
  places: Uint32Array
  hashes: Uint32Array
}

/** Finds the words of texts in one pass over their characters. */
export function createWordScanner(): (lower: string) => ScannedWords {
  let places = new Uint32Array(2_048)
  let hashes = new Uint32Array(1_024)
  return (lower) => {
    // As many words as characters at most.
    if (hashes.length < lower.length) {
      hashes = new Uint32Array(2 * lower.length)
      places = new Uint32Array(4 * lower.length)
    }
    let count = 0
    let at = 0
    while (at < lower.length) {
      const from = at
      const kind = classes.at(lower, at)
      let hash = 0x811c_9dc5
      do {
        hash = Math.imul(hash ^ lower.charCodeAt(at), 0x0100_0193)
        at += 1
      } while (at < lower.length && goesOn(lower, at, kind))
      if (kind === between) continue
      places[2 * count] = from
      places[2 * count + 1] = at
      hashes[count] = mixed(hash)
      count += 1
    }
    return { places: places.subarray(0, 2 * count), hashes: hashes.subarray(0, count) }
  }
}

function goesOn(text: string, at: number, kind: number): boolean {
  return kind === alone ? isPairEnd(text, at) : classes.at(text, at) === kind
}

const scan = createWordScanner()

export function wordsOf(text: string): readonly string[] {
  const lower = text.toLowerCase()
  const { places, hashes } = scan(lower)
  return Array.from(hashes, (_, at) => lower.slice(places[2 * at], places[2 * at + 1]))
}

/** A key of the words from a position on; whole numbers below 2^53. */
export function phraseKey(hashes: Uint32Array, from: number, words: number): number {
  let high = words
  let low = 0x9e37_79b1
  for (let at = from; at < from + words; at += 1) {
    const hash = hashes[at] ?? 0
    high = mixed(Math.imul(high, 31) ^ hash)
    low = mixed(Math.imul(low, 33) + hash)
  }
  return (high >>> 11) * 0x1_0000_0000 + low
}
