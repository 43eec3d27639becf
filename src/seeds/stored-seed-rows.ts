import { RowsmithError, isRowsmithError, messageOf } from '../util/errors.ts'
import { parseJson } from '../util/json.ts'
import type { SeedRow } from './define.ts'
import { openRowFile, type PackedRows } from './row-file.ts'
import type { SeedOrder } from './seed-order.ts'

/** The rows of a seed in a run folder, as texts; what it throws is a `RowsmithError`. */
export interface StoredRows extends Disposable {
  readonly sizeBytes: number
  /** The seed rows of run rows start ≤ row < end. */
  read(start: number, end: number): PackedRows
}

/** The way out where a stored seed can't be used. */
export const remade = 'Delete the seed folder of the run; it is made again from the seed file.'

/** Opens what `normaliseSeed` wrote; `order` says which stored row a run row gets. */
export function openStoredRows(directory: string, order: SeedOrder): StoredRows {
  const file = reading(directory, () => openRowFile(directory))
  return {
    sizeBytes: file.sizeBytes,
    read(start, end) {
      const rows = Array.from({ length: end - start }, (_, at) => order(start + at))
      return reading(directory, () => file.read(rows))
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  }
}

function reading<T>(directory: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new RowsmithError(
      isRowsmithError(error) ? error.code : 'storage-failed',
      `the stored seed in ${directory} cannot be read: ${messageOf(error)}`,
      { cause: error, hints: [remade] },
    )
  }
}

/** The values of one of the rows that were read together. */
export function unpackRow({ texts, starts, ends }: PackedRows, at: number): SeedRow {
  const { buffer, byteOffset, byteLength } = texts
  const text = Buffer.from(buffer, byteOffset, byteLength).toString('utf8', starts[at], ends[at])
  const values = parseJson(text)
  if (Array.isArray(values)) return values
  throw new RowsmithError(
    'storage-failed',
    `a stored seed row is not a list: ${text.slice(0, 80)}`,
    { hints: [remade] },
  )
}
