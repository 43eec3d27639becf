import { minHashKeys } from '../processors/locality.ts'
import { createShingler, jaccard } from '../processors/shingles.ts'

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
/** Texts with one of its keys that a text is compared with. */
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

function createNearFinder(): NearFinder {
  const shinglesOf = createShingler()
  const keysOf = minHashKeys(nearShare)
  const kept: { text: string; shingles: Uint32Array }[] = []
  const byKey = new Map<number, number[]>()
  return {
    find(text) {
      const shingles = shinglesOf(text)
      if (shingles.length === 0) return null
      const keys = keysOf(shingles)
      const candidates = new Set(keys.flatMap((key) => byKey.get(key) ?? []))
      for (const at of [...candidates].slice(0, mostCompared)) {
        const other = kept[at]
        if (other === undefined) continue
        const similarity = jaccard(shingles, other.shingles)
        if (similarity >= nearShare) return { text: other.text, similarity }
      }
      for (const key of keys) {
        const found = byKey.get(key)
        if (found === undefined) byKey.set(key, [kept.length])
        else if (found.length < mostCompared) found.push(kept.length)
      }
      kept.push({ text, shingles: shingles.slice() })
      return null
    },
  }
}
