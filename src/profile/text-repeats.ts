import { createShingler, createStretchHasher, jaccard, sortedSet } from '../processors/shingles.ts'
import { createKeyIndex } from './key-index.ts'
import { sketchKeys } from './text-sketch.ts'

/** Share of stretches of five characters that two texts have in common, from which they are near-duplicates. */
const nearShare = 0.8

/** How often texts repeat earlier ones. */
export interface TextRepeats {
  /** Different texts. */
  distinct: number
  /** Texts that are the same as an earlier one. */
  exact: number
  /** Texts that are no such, and share most of their stretches of five characters with an earlier one. */
  near: number
  /** Some near-duplicates, the most frequent texts first. */
  pairs: readonly NearPair[]
}

export interface NearPair {
  texts: readonly [string, string]
  /** What they share, of all that either has. */
  similarity: number
}

/** Pairs that are kept as examples, and characters of each text. */
const keptPairs = 5
const keptCharacters = 400
/** Texts with one of its keys that a text is compared with, at most. */
const mostCompared = 32
/** Texts that hold the thread. */
const textsInTurn = 100

/** Compares every text with the ones before it, by MinHash and then one by one. */
export async function textRepeats(texts: readonly string[]): Promise<TextRepeats> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  const finder = createNearFinder()
  const pairs: (NearPair & { times: number })[] = []
  let near = 0
  let turn = 0
  for (const [text, times] of counts) {
    const found = finder.find(text)
    if (found !== null) {
      near += 1
      const cut: [string, string] = [cutText(found.text), cutText(text)]
      pairs.push({ texts: cut, similarity: found.similarity, times })
      if (pairs.length > 4 * keptPairs) keepFrequent(pairs)
    }
    turn += 1
    if (turn % textsInTurn === 0) await new Promise(setImmediate)
  }
  keepFrequent(pairs)
  return {
    distinct: counts.size,
    exact: texts.length - counts.size,
    near,
    pairs: pairs.map(({ texts: two, similarity }) => ({ texts: two, similarity })),
  }
}

function keepFrequent(pairs: (NearPair & { times: number })[]): void {
  pairs.sort((one, other) => other.times - one.times)
  pairs.length = Math.min(pairs.length, keptPairs)
}

function cutText(text: string): string {
  return text.length <= keptCharacters
    ? text
    : `${text.slice(0, keptCharacters - 1).toWellFormed()}…`
}

interface NearFinder {
  /** An earlier text that it resembles; otherwise it is one that later texts are compared with. */
  find(text: string): { text: string; similarity: number } | null
}

interface KeptText {
  text: string
  /** Its stretches; null until it is compared. */
  stretches: Uint32Array | null
}

function createNearFinder(): NearFinder {
  const hashesOf = createStretchHasher()
  const stretchesOf = createShingler()
  const keysOf = sketchKeys(nearShare)
  const kept: KeptText[] = []
  const byKey = createKeyIndex()

  function keep(one: KeptText, keys: readonly number[]): void {
    for (const key of keys) byKey.add(key, kept.length)
    kept.push(one)
  }

  return {
    find(text) {
      const hashes = hashesOf(text)
      if (hashes.length === 0) return null
      const keys = keysOf(hashes)
      const candidates = new Set<number>()
      for (const key of keys) byKey.collect(key, candidates, mostCompared)
      let own: Uint32Array | null = null
      for (const at of candidates) {
        const other = kept[at]
        if (other === undefined) continue
        own ??= sortedSet(hashes)
        other.stretches ??= stretchesOf(other.text).slice()
        const similarity = jaccard(own, other.stretches)
        if (similarity >= nearShare) return { text: other.text, similarity }
      }
      keep({ text, stretches: own === null ? null : own.slice() }, keys)
      return null
    },
  }
}
