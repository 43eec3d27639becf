const isoDate = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/

/** Milliseconds since 1970 of a date in ISO 8601, in UTC when it names no zone; null otherwise. */
export function timeOf(text: string): number | null {
  if (text.length < 10 || text.length > 40 || !isoDate.test(text)) return null
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(text.slice(10))
  const time = Date.parse(text.length === 10 || hasZone ? text : `${text}Z`)
  return Number.isNaN(time) ? null : time
}
