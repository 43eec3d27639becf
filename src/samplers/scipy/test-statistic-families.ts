import { continuousFamily } from './family.ts'
import { searched, searchedBetween, type Frozen, type Shares } from './frozen.ts'
import { binomialMass } from './special/log-gamma.ts'

/** Kolmogorov's limit: √n times the largest distance of two distribution functions. */
function limit(x: number): Shares {
  if (x < 1) {
    let sum = 0
    for (let k = 1; k < 20; k += 2) sum += Math.exp(-((k * Math.PI) ** 2) / (8 * x * x))
    const below = (Math.sqrt(2 * Math.PI) / x) * sum
    return [below, 1 - below]
  }
  let above = 0
  for (let k = 1; k < 20; k += 1) above += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * (k * x) ** 2)
  return [1 - above, above]
}

/** Smirnov's exact share of one-sided distances above d. */
function oneSidedAbove(n: number, d: number): number {
  let sum = 0
  for (let j = 0; j <= n * (1 - d); j += 1) {
    const p = d + j / n
    if (p < 1) sum += binomialMass(j, n - j, p, 1 - p) / p
  }
  return Math.min(1, d * sum)
}

/** Marsaglia, Tsang and Wang's share of two-sided distances below d: a power of a matrix. */
function twoSidedBelow(n: number, d: number): number {
  const k = Math.ceil(n * d)
  const size = 2 * k - 1
  const h = k - n * d
  const matrix = startMatrix(size, h)
  const power = matrixPower(matrix, n, size)
  let share = power[(k - 1) * size + k - 1] ?? 0
  for (let i = 1; i <= n; i += 1) share *= i / n
  return share
}

function startMatrix(size: number, h: number): Float64Array {
  const matrix = new Float64Array(size * size)
  const factorial = [1]
  for (let i = 1; i <= size; i += 1) factorial.push((factorial[i - 1] ?? 1) * i)
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= Math.min(size - 1, row + 1); column += 1) {
      let value = 1
      if (column === 0) value -= h ** (row + 1)
      if (row === size - 1) value -= h ** (size - column)
      if (column === 0 && row === size - 1 && 2 * h > 1) value += (2 * h - 1) ** size
      matrix[row * size + column] = value / (factorial[row - column + 1] ?? 1)
    }
  }
  return matrix
}

function matrixPower(matrix: Float64Array, exponent: number, size: number): Float64Array {
  if (exponent === 1) return matrix
  const half = matrixPower(matrix, Math.floor(exponent / 2), size)
  const square = product(half, half, size)
  return exponent % 2 === 0 ? square : product(square, matrix, size)
}

function product(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const result = new Float64Array(size * size)
  for (let row = 0; row < size; row += 1) {
    for (let inner = 0; inner < size; inner += 1) {
      const factor = left[row * size + inner] ?? 0
      for (let column = 0; column < size; column += 1) {
        const at = row * size + column
        result[at] = (result[at] ?? 0) + factor * (right[inner * size + column] ?? 0)
      }
    }
  }
  return result
}

function twoSided(n: number): Frozen {
  const shares = (d: number): Shares => {
    if (d <= 1 / (2 * n)) return [0, 1]
    // Twice the one-sided share is exact from one half on, and nearly so from 2 / √n on.
    if (d >= 0.5 || n * d * d > 4) {
      const above = 2 * oneSidedAbove(n, d)
      return [1 - above, above]
    }
    const below = twoSidedBelow(n, d)
    return [below, 1 - below]
  }
  return searchedBetween(shares, { low: 1 / (2 * n), high: 1, parts: Math.max(2, 2 * n - 1) })
}

/** Numbers for which each of the shares is the sum of many terms. */
function upTo(most: number) {
  return {
    words: `a whole number from 1 to ${most}`,
    holds: (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= most,
  }
}

/** Families of Kolmogorov's and Smirnov's statistics. */
export const testStatisticFamilies = {
  kstwobign: continuousFamily({}, () => searched(limit, { start: 0.83, step: 0.2, low: 0.02 })),
  ksone: continuousFamily({ n: upTo(10_000) }, (n) =>
    searchedBetween(
      (d) => {
        const above = oneSidedAbove(n, d)
        return [1 - above, above]
      },
      { low: 0, high: 1, parts: Math.max(2, n) },
    ),
  ),
  kstwo: continuousFamily({ n: upTo(140) }, twoSided),
}
