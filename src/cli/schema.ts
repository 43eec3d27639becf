import { writeFile } from 'node:fs/promises'
import { jsonSchema, type SchemaKind } from '../check/json-schema.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { visibleLine } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

export interface SchemaOptions {
  of: SchemaKind
  out?: string
  plugin?: readonly string[]
}

export async function runSchema({
  of,
  out,
  plugin: plugins = [],
}: SchemaOptions): Promise<ExitCode> {
  const text = `${JSON.stringify(await jsonSchema(of, { plugins }), null, 2)}\n`
  if (out === undefined || out === '-') process.stdout.write(text)
  else {
    try {
      await writeFile(out, text)
    } catch (error) {
      const message = `the JSON Schema can't be written to ${out}: ${messageOf(error)}`
      throw new RowsmithError('usage', message, { cause: error })
    }
    process.stderr.write(`${visibleLine(out)} written.\n`)
  }
  return exitCodes.ok
}
