import { solve } from './solve.ts'

interface Tabulated {
  /** A function that grows, and is smooth but at edges of cells. */
  readonly grows: (place: number) => number
  /** The edges of the cells in which it is looked at, growing with their numbers. */
  readonly edge: (number: number) => number
  /** A cell in the middle. */
  readonly around: number
}

/**
 * The inverse of a function that is costly: cells of it are kept as polynomials, each made when it is
 * first asked for. What comes out is decided by the place alone, whatever was asked for before.
 */
export function inverseTable({ grows, edge, around }: Tabulated): (value: number) => number {
  const atEdges = new Map<number, number>()
  const cells = new Map<number, Cell>()

  function atEdge(number: number): number {
    let value = atEdges.get(number)
    if (value === undefined) {
      value = grows(edge(number))
      atEdges.set(number, value)
    }
    return value
  }

  /** The number of the cell in which the function reaches a value. */
  function cellOf(value: number): number {
    let [below, above] = [around, around + 1]
    for (let width = 1; atEdge(below) > value && width < mostCells; width *= 2) {
      above = below
      below -= width
    }
    for (let width = 1; atEdge(above) <= value && width < mostCells; width *= 2) {
      below = above
      above += width
    }
    while (above - below > 1) {
      const middle = Math.floor((below + above) / 2)
      if (atEdge(middle) <= value) below = middle
      else above = middle
    }
    return below
  }

  return (value) => {
    const number = cellOf(value)
    let cell = cells.get(number)
    if (cell === undefined) {
      cell = createCell(grows, edge(number), edge(number + 1))
      cells.set(number, cell)
    }
    return cell(value)
  }
}

/** Further from the middle than any function of shares goes. */
const mostCells = 1_024

type Cell = (value: number) => number

const degree = 15
/** Of a share, relative to it. */
const allowed = 1e-9
const mostHalvings = 8

/** The place in a cell where a function has a value; a cell that no polynomial fits is halved. */
function createCell(
  grows: (place: number) => number,
  low: number,
  high: number,
  halvings: number = 0,
): Cell {
  const middle = (low + high) / 2
  const half = (high - low) / 2
  const coefficients = fitted((x) => grows(middle + half * x))
  const isFit = [-0.93, -0.41, 0.27, 0.81].every((x) => {
    const value = grows(middle + half * x)
    return Math.abs(valueOf(coefficients, x) - value) <= allowed
  })
  if (isFit) return (value) => middle + half * placeOf(coefficients, value)
  if (halvings === mostHalvings) {
    return (value) =>
      solve((place) => grows(place) - value, { start: middle, step: half / 4, low, high })
  }
  const atMiddle = grows(middle)
  let lower: Cell | null = null
  let upper: Cell | null = null
  return (value) => {
    if (value < atMiddle) {
      lower ??= createCell(grows, low, middle, halvings + 1)
      return lower(value)
    }
    upper ??= createCell(grows, middle, high, halvings + 1)
    return upper(value)
  }
}

/** Chebyshev's coefficients of a function from -1 to 1. */
function fitted(of: (x: number) => number): Float64Array {
  const count = degree + 1
  const values = Array.from({ length: count }, (_, at) =>
    of(Math.cos((Math.PI * (at + 0.5)) / count)),
  )
  return Float64Array.from({ length: count }, (_, order) => {
    let sum = 0
    for (const [at, value] of values.entries()) {
      sum += value * Math.cos((Math.PI * order * (at + 0.5)) / count)
    }
    return (sum * (order === 0 ? 1 : 2)) / count
  })
}

/** By Clenshaw's recurrence. */
function valueOf(coefficients: Float64Array, x: number): number {
  let [one, two] = [0, 0]
  for (let order = degree; order > 0; order -= 1) {
    ;[one, two] = [(coefficients[order] ?? 0) + 2 * x * one - two, one]
  }
  return (coefficients[0] ?? 0) + x * one - two
}

/** The slope, by the same recurrence for its own coefficients. */
function slopeOf(coefficients: Float64Array, x: number): number {
  // The derivative of T_n is n U_(n-1).
  let [one, two] = [0, 0]
  for (let order = degree; order > 0; order -= 1) {
    ;[one, two] = [order * (coefficients[order] ?? 0) + 2 * x * one - two, one]
  }
  return one
}

/** Where the polynomial has a value: Newton's steps, or halves where these would leave the bracket. */
function placeOf(coefficients: Float64Array, value: number): number {
  let [low, high] = [-1, 1]
  let x = 0
  for (let round = 0; round < 60; round += 1) {
    const distance = valueOf(coefficients, x) - value
    if (distance === 0) return x
    if (distance > 0) high = x
    else low = x
    const next = x - distance / slopeOf(coefficients, x)
    const isInside = next > low && next < high
    const moved = isInside ? next : (low + high) / 2
    if (Math.abs(moved - x) <= 1e-15) return moved
    x = moved
  }
  return x
}
