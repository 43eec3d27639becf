import { createRequire } from 'node:module'
import { patternOf } from './schema-nodes.ts'

type Library = typeof import('ajv/dist/2020.js')

export type Ajv = InstanceType<Library['Ajv2020']>

let library: Library | null = null

/** A validator of JSON Schemas, draft 2020-12. */
export function newAjv(): Ajv {
  // Loaded when the first schema is there: it takes longer than a small config needs for all else.
  library ??= createRequire(import.meta.url)('ajv/dist/2020.js') as Library
  return new library.Ajv2020({
    strict: false,
    // NaN is not a number of JSON.
    strictNumbers: true,
    allErrors: true,
    verbose: true,
    // What is wrong with a schema is reported with its place before.
    validateSchema: false,
    // Formats are notes for the model, as in NeMo Data Designer.
    validateFormats: false,
    // 0.3 is a multiple of 0.1.
    multipleOfPrecision: 9,
    code: { regExp: Object.assign((pattern: string) => patternOf(pattern), { code: 'patternOf' }) },
    logger: false,
  })
}
