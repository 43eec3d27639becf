import type { CompileInput } from '../graph/draft.ts'
import type { ColumnSettings, KeptColumn } from '../store/run-settings.ts'

export interface StoredColumns {
  readonly columns: readonly ColumnSettings[]
  readonly kept: readonly KeptColumn[]
}

/** The fingerprints of columns whose cells are kept: those of `keep` now, the others since before. */
export function keptFingerprints(
  { columns, kept }: StoredColumns,
  keep: readonly string[] = [],
): NonNullable<CompileInput['standsFor']> {
  const stored = new Map(
    columns
      .filter(({ hidden }) => hidden !== true)
      .map(({ name, fingerprint }) => [name, fingerprint]),
  )
  const standing = new Map(kept.map(({ fingerprint, standsFor }) => [fingerprint, standsFor]))
  return (fingerprint, { name, producer }) => {
    const before = keep.includes(producer ?? name) ? stored.get(name) : undefined
    return before ?? standing.get(fingerprint) ?? fingerprint
  }
}
