import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { Literal } from '../config/dataset.ts'
import { entriesOf, isList, isMapping, type Mapping } from '../config/literal.ts'
import { mapping, text } from '../config/scalars.ts'
import { type Loaded, LoadFault } from '../graph/kind.ts'
import { messageOf } from '../util/errors.ts'
import { stringifyJson } from '../util/json.ts'
import { Double, type Value } from '../util/value.ts'
import { isNoAnswer } from './check-thread.ts'
import { type PlainSchema, schemaFault } from './compile-schema.ts'
import { defineValidator } from './define.ts'
import { patternThread } from './pattern-thread.ts'
import { verdictOf } from './verdict.ts'

const params = z
  .strictObject({
    schema: mapping().nullable().default(null).describe('A JSON Schema, draft 2020-12.'),
    schema_file: text({ nonEmpty: true })
      .nullable()
      .default(null)
      .describe("A JSON file with one, a path from the config's folder."),
  })
  .superRefine(({ schema, schema_file: file }, context) => {
    if ((schema === null) !== (file === null)) return
    context.addIssue({
      code: 'custom',
      path: ['schema'],
      message: 'schema, or schema_file instead',
    })
  })
  .describe('Whether a value, or a text that is JSON, fits a JSON Schema.')

interface LoadedSchema extends Loaded {
  readonly schema: PlainSchema
}

/** Whether a value, or a text that is JSON, fits a JSON Schema. */
export const schemaValidator = defineValidator<z.output<typeof params>, LoadedSchema>({
  type: 'json_schema',
  params,
  judges: 'target',
  by: 'cell',
  async load({ schema: written, schema_file: file }, { directory }) {
    const schema =
      written === null ? await readSchema(resolve(directory, file ?? '')) : plainSchema(written)
    const fault = schemaFault(schema)
    if (fault !== null) {
      throw new LoadFault(`the schema can't be used: ${fault}`, {
        code: 'schema-invalid',
        field: 'validator_params',
      })
    }
    const content = createHash('sha256').update(JSON.stringify(schema)).digest('hex')
    return { schema, identity: file === null ? undefined : content }
  },
  describe: () => ({ fields: ['error_messages'] }),
  open(_params, { onClose }, { schema }) {
    const checks = patternThread.take()
    onClose(() => checks.close())
    return async ({ targets }) => {
      const [value = null] = targets.values()
      const json = typeof value === 'string' ? jsonIn(value) : { json: stringifyJson(value) }
      if ('fault' in json) return verdictOf([json.fault])
      const found = await checks.check<string[]>('faults', [{ schema }, json.json])
      return verdictOf(isNoAnswer(found) ? [found.message] : found)
    }
  },
})

function jsonIn(written: string): { json: string } | { fault: string } {
  try {
    JSON.parse(written)
    return { json: written }
  } catch (error) {
    return { fault: `the text is not JSON: ${messageOf(error)}` }
  }
}

async function readSchema(path: string): Promise<PlainSchema> {
  try {
    const schema: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) {
      // An object of plain JSON.
      return schema as PlainSchema
    }
    throw new TypeError('it holds no object')
  } catch (error) {
    throw new LoadFault(`the schema ${path} can't be read: ${messageOf(error)}`, {
      cause: error,
      code: 'schema-missing',
      field: 'validator_params',
      suggestion: 'A path starts at the folder of the config: ./schema.json.',
    })
  }
}

/** A schema as a config has it, as plain JSON. */
export function plainSchema(written: Mapping): PlainSchema {
  return Object.fromEntries(entriesOf(written).map(([key, value]) => [key, plainOf(value)]))
}

function plainOf(value: Literal | Value): unknown {
  if (isList(value)) return value.map(plainOf)
  if (isMapping(value)) return plainSchema(value)
  if (value instanceof Double) return value.value
  return typeof value === 'bigint' ? Number(value) : value
}
