import type { ColumnConfig } from '../config/dataset.ts'

/**
 * Whether a text of another column, such as a template, reads one of the fields of a column's values:
 * `{{ name.field }}` or `{{ name['field'] }}`.
 */
export function readsFields(
  columns: ReadonlyMap<string, ColumnConfig>,
  name: string,
  fields: readonly string[],
): boolean {
  const word = name.replaceAll(/[^\p{L}\p{N}_]/gu, String.raw`\$&`)
  const pattern = new RegExp(
    String.raw`(?<![\p{L}\p{N}_.])${word}\s*(?:\.\s*|\[\s*["'])(?:${fields.join('|')})(?![\p{L}\p{N}_])`,
    'u',
  )
  return [...columns].some(([other, column]) => other !== name && holds(column, pattern))
}

function holds(value: unknown, pattern: RegExp): boolean {
  if (typeof value === 'string') return pattern.test(value)
  if (typeof value !== 'object' || value === null) return false
  const items: unknown[] = value instanceof Map ? [...value.values()] : Object.values(value)
  return items.some((item) => holds(item, pattern))
}
