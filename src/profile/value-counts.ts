import type { Scalar } from './scalar.ts'

/** The values of a column, each once: in the order they first come, without null. */
export interface ValueCounts {
  values: readonly Exclude<Scalar, null>[]
  /** By position in `values`. */
  times: readonly number[]
  /** By cell its position in `values`; -1 for null. */
  positions: Int32Array
  nulls: number
}

const sampledValues = 1000
/** More bytes of different values than this share of a sample's: counting them would be of no use. */
const mostBytes = 0.9

/**
 * Counts values, for statistics and for a Parquet dictionary; null where most of them are different,
 * as a sample over all of the column says, and for vectors.
 */
export function countValues(values: readonly (Scalar | Float32Array)[]): ValueCounts | null {
  if (!areScalars(values) || mostDiffer(values)) return null
  const known = new Map<Scalar, number>()
  const found: Exclude<Scalar, null>[] = []
  const times: number[] = []
  const positions = new Int32Array(values.length)
  let nulls = 0
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as Scalar
    if (value === null) {
      nulls += 1
      positions[at] = -1
      continue
    }
    const key = typeof value === 'bigint' ? narrowed(value) : value
    let position = known.get(key)
    if (position === undefined) {
      position = found.length
      known.set(key, position)
      found.push(key)
      times.push(0)
    }
    ;(times[position] as number) += 1
    positions[at] = position
  }
  return { values: found, times, positions, nulls }
}

/** A column has values of one type. */
function areScalars(values: readonly (Scalar | Float32Array)[]): values is readonly Scalar[] {
  return !(values.find((value) => value !== null) instanceof Float32Array)
}

/** Bytes of a value in a plain page, for the choice between that and a dictionary. */
function plainBytes(value: Scalar): number {
  if (value === null) return 0
  return typeof value === 'string' ? 4 + value.length : 8
}

function mostDiffer(values: readonly Scalar[]): boolean {
  const size = Math.min(values.length, sampledValues)
  const seen = new Set<Scalar>()
  let different = 0
  let all = 0
  for (let index = 0; index < size; index += 1) {
    const at = size === 1 ? 0 : Math.floor((index * (values.length - 1)) / (size - 1))
    const value = values[at] as Scalar
    const bytes = plainBytes(value)
    all += bytes
    if (seen.has(value)) continue
    seen.add(value)
    different += bytes
  }
  return all === 0 || different / all > mostBytes
}

/** The same integer may come as a number, and as a bigint from a file. */
function narrowed(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
