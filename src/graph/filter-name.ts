import type { GraphColumn } from './graph.ts'

/** The column behind a row-wise processor is named so; a column of the config can't be. */
const prefix = 'filter:'

export function filterName(title: string): string {
  return `${prefix}${title}`
}

/** What the filter behind a column is called; the name itself for any other column. */
export function filterTitle(name: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name
}

/** A column of the graph in the middle of a message. */
export function columnText({ name, filter }: Pick<GraphColumn, 'name' | 'filter'>): string {
  return filter === null ? `column '${name}'` : `filter '${filterTitle(name)}'`
}
