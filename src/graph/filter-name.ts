/** The column behind a row-wise processor is named so; a column of the config can't be. */
const prefix = 'filter:'

export function filterName(title: string): string {
  return `${prefix}${title}`
}

/** What the filter behind a column is called; the name itself for any other column. */
export function filterTitle(name: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name
}
