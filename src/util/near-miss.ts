/** The candidate a mistyped word most likely meant, or undefined when none is close. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const written = fold(word)
  // A third of the letters may be wrong; a word of one or two letters must match but for case.
  const bound = Math.floor(written.length / 3)
  let best: string | undefined
  let bestDistance = bound + 1
  for (const candidate of candidates) {
    const distance = editDistance(written, fold(candidate), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best ?? sameBeginning(written, candidates)
}

/** Letters that two words begin with, at least, and their share of the shorter one. */
const FEWEST_SAME = 6
const SHARE_SAME = 0.75

/** `categorical` for `category`: words that begin alike, where there is one only. */
function sameBeginning(written: string, candidates: Iterable<string>): string | undefined {
  const found = [...candidates].filter((candidate) => {
    const word = fold(candidate)
    const shorter = Math.min(word.length, written.length)
    let same = 0
    while (same < shorter && word[same] === written[same]) same += 1
    // A name with a further word, as `customer_name` next to `customer`, is another name.
    const longer = word.length > written.length ? word : written
    if (same === shorter && longer[same] === '_') return false
    return same >= FEWEST_SAME && same >= SHARE_SAME * shorter
  })
  return found.length === 1 ? found[0] : undefined
}

/** Case and the kind of separator are what people get wrong most: they cost nothing. */
function fold(word: string): string {
  return word
    .trim()
    .toLowerCase()
    .replace(/[-_\s.]+/g, '_')
}

/** Optimal string alignment (a swap of neighbours counts one); any number ≥ `limit` means far. */
export function editDistance(left: string, right: string, limit: number = Infinity): number {
  if (Math.abs(left.length - right.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const current = [i]
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1
      let distance = Math.min(
        (last[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + cost,
      )
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1)
      }
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return last[right.length] ?? 0
}
