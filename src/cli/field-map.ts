import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ConfigError, hasErrors } from '../check/config-error.ts'
import { parseConfigText } from '../config/text.ts'
import type { FieldMap } from '../export/training-forms.ts'
import { storageError } from '../threads/storage-error.ts'
import { RowsmithError } from '../util/errors.ts'

const mapSchema = z.record(z.string(), z.string())

/** Reads a map of fields to columns (YAML or JSON). */
export async function readFieldMap(path: string): Promise<FieldMap> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw storageError(error, `reading ${path}`)
  })
  const { value, problems } = parseConfigText(text, { file: path })
  if (hasErrors(problems)) throw new ConfigError(problems)
  const read = mapSchema.safeParse(value)
  if (read.success) return read.data
  throw new RowsmithError('usage', `${path} is not a map of fields to columns`, {
    hints: ['Write a line for each field, such as "user: question".'],
  })
}
