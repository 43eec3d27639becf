/** What stands in part files in addition to the columns, by its name; a column can't have these. */
const reservedNames: ReadonlyMap<string, string> = new Map([
  ['__row', 'the row number'],
  ['__record', 'the number of the record in its row'],
])

/** Why a column of a file can't have a name, as the rest of a sentence; null for any other name. */
export function nameFault(name: string): string | null {
  const meaning = reservedNames.get(name)
  if (meaning !== undefined) return `is the name of ${meaning} in part files`
  if (name.startsWith('\ufeff')) {
    return 'begins with a byte order mark (U+FEFF), which can not be seen and which readers of files remove'
  }
  return name.isWellFormed() ? null : 'has half of a character, which no file can store'
}
