/**
 * The columns that a function reads, by its source: those it names as words. All of them where it
 * hands on its whole row, and where it names none.
 */
export function columnsReadBy(
  read: (...parameters: never[]) => unknown,
  columns: readonly string[],
): readonly string[] {
  const source = read.toString()
  if (handsOnRow(source)) return columns
  const words = new Set(source.match(/[\p{L}\p{N}_$]+/gu))
  const named = columns.filter((name) => words.has(name) || !/^[\p{L}\p{N}_$]+$/u.test(name))
  return named.length === 0 ? columns : named
}

/** Whether the row is used otherwise than by `row.name`. */
function handsOnRow(source: string): boolean {
  const [, parameter] =
    /^(?:async\s+)?(?:function\s*)?(?:[\p{L}\p{N}_$]+\s*(?=\())?\(?\s*([\p{L}_$][\p{L}\p{N}_$]*)/u.exec(
      source,
    ) ?? []
  // A row that is taken apart at once: `({ name, ...rest }) =>` takes all of it.
  if (parameter === undefined) return /^[^)]*\.\.\./.test(source)
  const uses = [
    ...source.matchAll(
      new RegExp(
        String.raw`(?<![\p{L}\p{N}_$])(?<!(?<!\.)\.)${RegExp.escape(parameter)}(?![\p{L}\p{N}_$])\s*(\?\.|\.(?!\.)|\[)?`,
        'gu',
      ),
    ),
  ]
  // The first is the parameter itself.
  return uses.slice(1).some(([, access]) => access === undefined || access === '[')
}
