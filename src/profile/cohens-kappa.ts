import type { PairCount } from './score-counts.ts'

/**
 * Cohen's kappa (1960) of two judges, from how often each two scores met: 1 for judges that always agree,
 * 0 for ones that agree as often as chance. Null where chance alone makes them agree always.
 */
export function cohensKappa(pairs: readonly PairCount[]): number | null {
  const first = new Map<string, number>()
  const second = new Map<string, number>()
  let all = 0
  let same = 0
  for (const [one, other, count] of pairs) {
    first.set(one, (first.get(one) ?? 0) + count)
    second.set(other, (second.get(other) ?? 0) + count)
    all += count
    if (one === other) same += count
  }
  if (all === 0) return null
  let chance = 0
  for (const [score, count] of first) chance += (count * (second.get(score) ?? 0)) / all ** 2
  return chance === 1 ? null : (same / all - chance) / (1 - chance)
}
