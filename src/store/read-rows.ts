import type { Interval } from '../plan/interval.ts'
import type { ReadRowsOptions, StoredBlock } from '../rows/stored-rows.ts'
import type { PageOptions, RowPage } from './ledger-rows.ts'

export type ReadPage = (rows: readonly Interval[], options: PageOptions) => Promise<RowPage>

/** Reads page by page, the next one while the last one is used. */
export async function* readRows(
  read: ReadPage,
  rows: readonly Interval[],
  { maxBytes, columns, exchanges = false }: ReadRowsOptions,
): AsyncGenerator<StoredBlock> {
  const options = { maxBytes, wanted: columns ?? null, exchanges }
  let rest = rows
  let coming: Promise<RowPage> | null = rest.length === 0 ? null : read(rest, options)
  while (coming !== null) {
    const page: RowPage = await coming
    rest = behind(rest, page.end)
    coming = rest.length === 0 ? null : read(rest, options)
    // Whoever stops before has no use for its error.
    coming?.catch(() => undefined)
    yield page
  }
}

function behind(rows: readonly Interval[], end: number): readonly Interval[] {
  return rows
    .filter((interval) => interval.end > end)
    .map((interval) => (interval.start < end ? { start: end, end: interval.end } : interval))
}
