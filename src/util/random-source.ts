/** Entropy for what must not repeat, line up or be guessed: drawn seeds, back-off jitter. Never for cells. */

/** A run seed, uniform in [0, 2^53), so that every JSON reader keeps it whole. */
export function drawSeed(): bigint {
  const words = crypto.getRandomValues(new BigUint64Array(1))
  return (words[0] as bigint) >> 11n
}

/** Uniform in [0, 1). */
export function jitter(): number {
  return Math.random()
}

/** A word that no one can guess. */
export function drawWord(): string {
  return crypto.randomUUID()
}
