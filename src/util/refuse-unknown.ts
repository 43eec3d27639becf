import { RowsmithError } from './errors.ts'
import { nearest } from './near-miss.ts'

/** Refuses options that nothing reads: without types no one else would say so. */
export function refuseUnknown(options: object, known: readonly string[], caller: string): void {
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  const [first] = unknown
  if (first === undefined) return
  const near = nearest(first, known)
  throw new RowsmithError(
    'usage',
    `${caller} has no option ${unknown.map((name) => `'${name}'`).join(', ')}`,
    { hints: [near === undefined ? `It has ${known.join(', ')}.` : `Did you mean '${near}'?`] },
  )
}
