import type { PairCount } from './score-counts.ts'

/** How far two scores are from each other. */
export type AgreementLevel = 'nominal' | 'ordinal' | 'interval'

/** Pairs of scores, and what each of them weighs. */
export type WeightedPair = readonly [one: string, other: string, weight: number]

/** Pairs within rows of so many scores: each score counts once, however many it is paired with. */
export function weightedPairs(
  pairs: Readonly<Record<string, readonly PairCount[]>>,
): WeightedPair[] {
  return Object.entries(pairs).flatMap(([inRow, list]) =>
    list.map(([one, other, count]): WeightedPair => [one, other, count / (Number(inRow) - 1)]),
  )
}

/**
 * Krippendorff's alpha: 1 for judges that always agree, 0 for ones that agree as often as chance.
 *
 * `order` lists the scores from the lowest to the highest; a score that is not in it has no place
 * on a scale. Null where alpha is not defined: with less than two scores, and where all are the same.
 */
export function krippendorffAlpha(
  pairs: readonly WeightedPair[],
  level: AgreementLevel,
  order: readonly string[],
): number | null {
  const totals = new Map<string, number>()
  for (const [one, other, weight] of pairs) {
    totals.set(one, (totals.get(one) ?? 0) + weight)
    totals.set(other, (totals.get(other) ?? 0) + weight)
  }
  const distance = distances(totals, level, order)
  if (distance === null) return null
  let observed = 0
  for (const [one, other, weight] of pairs) observed += 2 * weight * distance(one, other)
  let expected = 0
  let all = 0
  for (const [one, times] of totals) {
    all += times
    for (const [other, otherTimes] of totals) expected += times * otherTimes * distance(one, other)
  }
  return expected === 0 ? null : 1 - ((all - 1) * observed) / expected
}

type Distance = (one: string, other: string) => number

/** Squared distances; null when a score has no place on the scale. */
function distances(
  totals: ReadonlyMap<string, number>,
  level: AgreementLevel,
  order: readonly string[],
): Distance | null {
  if (level === 'nominal') return (one, other) => (one === other ? 0 : 1)
  const places = new Map<string, number>()
  let below = 0
  for (const score of order) {
    const times = totals.get(score) ?? 0
    // Of an ordinal scale: half of its own, and all below it.
    places.set(score, level === 'ordinal' ? below + times / 2 : Number(score))
    below += times
  }
  if ([...totals.keys()].some((score) => !Number.isFinite(places.get(score)))) return null
  return (one, other) => ((places.get(one) ?? 0) - (places.get(other) ?? 0)) ** 2
}
