import { hashText } from './hash.ts'
import { mixed } from '../processors/shingles.ts'

/*
 * Words are stretches of letters and digits, without regard to case. Of scripts that put no space between
 * words each character counts as one.
 */
const word =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]|[[\p{L}\p{N}\p{M}'’]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]]+/gv

export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(word) ?? []
}

export function wordHashes(words: readonly string[]): Uint32Array {
  return Uint32Array.from(words, (one) => hashText(one) >>> 0)
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
