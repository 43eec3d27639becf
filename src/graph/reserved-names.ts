/** What stands in part files in addition to the columns, by its name; a column can't have these. */
export const reservedNames: ReadonlyMap<string, string> = new Map([
  ['__row', 'the row number'],
  ['__record', 'the number of the record in its row'],
])
