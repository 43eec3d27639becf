import { RowsmithError } from '../util/errors.ts'

/** The refusal of a ledger whose content can't be right, naming the field. */
export function corrupt(
  field: string,
  found: unknown,
  expected: string,
  hints: readonly string[] = [
    'Run rowsmith check DIR --repair: it restores the ledger from its copy.',
    'Without one, restore ledger.sqlite from a backup, or start the run again in another folder.',
  ],
): RowsmithError {
  const text = typeof found === 'string' ? JSON.stringify(found.slice(0, 100)) : String(found)
  const shown = found === undefined ? 'missing' : text
  const message = `the ledger is damaged: ${field} is ${shown}, expected ${expected}`
  return new RowsmithError('ledger-corrupt', message, { hints })
}
