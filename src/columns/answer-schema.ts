import type { ValidateFunction } from 'ajv/dist/2020.js'
import type { Value } from '../util/value.ts'
import { newAjv } from './ajv.ts'
import { answerProblems } from './answer-problems.ts'
import { fitValue } from './fit-value.ts'
import { plainOf } from './plain-json.ts'
import {
  listOf,
  objectOf,
  resolveRef,
  type SchemaNode,
  type SchemaObject,
  subSchemas,
} from './schema-nodes.ts'

/** The form an answer must have, ready to read answers. */
export interface AnswerSchema {
  /** As it is sent. */
  readonly sent: SchemaObject
  /** A value in this form, or what is wrong with it, in words for the model. */
  read(value: Value, options?: ReadOptions): Read
}

type Read = { value: Value } | { problems: readonly string[] }

interface ReadOptions {
  /** The value's last bracket is missing: it is whole only with all fields that it may have. */
  unclosed?: boolean
}

const compiled = new WeakMap<SchemaObject, AnswerSchema>()

/** Compiles a JSON Schema that was found sound, once. */
export function answerSchema(sent: SchemaObject): AnswerSchema {
  const made = compiled.get(sent) ?? compileSchema(sent)
  compiled.set(sent, made)
  return made
}

function compileSchema(sent: SchemaObject): AnswerSchema {
  const root = forValidation(sent)
  const paths = new Map<SchemaNode, string>()
  notePaths(root, '', paths)
  const ajv = newAjv()
  ajv.addSchema(root, 'answer')
  const validators = new Map<SchemaNode, ValidateFunction | null>()

  function validatorOf(node: SchemaNode): ValidateFunction | null {
    const before = validators.get(node)
    if (before !== undefined) return before
    const path = paths.get(node)
    const found = path === undefined ? undefined : ajv.getSchema(`answer#${path}`)
    const validator = found ?? null
    validators.set(node, validator)
    return validator
  }

  function isValid(node: SchemaNode, value: Value): boolean {
    if (typeof node === 'boolean') return node
    return validatorOf(node)?.(plainOf(value)) ?? false
  }

  function readAs(value: Value): Read {
    const fitted = fitValue(value, { root, isValid })
    const validate = validatorOf(root)
    if (validate === null) throw new Error('a schema that was compiled has no validator')
    if (validate(plainOf(fitted))) return { value: fitted }
    // The errors of a validator stand next to it until its next call.
    return { problems: answerProblems(validate.errors ?? []) }
  }

  return {
    sent,
    read(value, { unclosed = false } = {}) {
      const read = readAs(value)
      if (unclosed) {
        const isWhole = 'problems' in read || hasAllFields(read.value, root)
        return isWhole ? read : { problems: ['its JSON is not complete'] }
      }
      const inner = wrapped(value, root)
      if (inner === undefined) return read
      const unwrapped = readAs(inner)
      return 'value' in unwrapped ? unwrapped : read
    },
  }
}

function hasAllFields(value: Value, { properties }: SchemaObject): boolean {
  const names = Object.keys(objectOf(properties) ?? {})
  return names.length > 0 && value instanceof Map && names.every((name) => value.has(name))
}

/**
 * What an answer has put into one more object or list, as small models do with the name of what was
 * asked for; undefined where the answer has a field of the schema itself.
 */
function wrapped(value: Value, root: SchemaObject): Value | undefined {
  const own = objectOf(root['properties'])
  if (own === null) return undefined
  if (Array.isArray(value)) return value.length === 1 ? (value[0] as Value) : undefined
  if (!(value instanceof Map) || value.size !== 1) return undefined
  const [[key, inner] = ['', null]] = value as ReadonlyMap<string, Value>
  return inner instanceof Map && !Object.hasOwn(own, key) ? inner : undefined
}

/**
 * The schema as answers are validated: of alternatives of which exactly one may hold, each takes its own
 * fields only. Fields an alternative does not know are omitted before, so without this a smaller one
 * would hold next to the one that is meant.
 */
function forValidation(sent: SchemaObject): SchemaObject {
  // What is inside refers to the document by "#", whatever its name.
  const { $id: _id, ...root } = sent
  return objectOf(closed(root)) ?? {}

  function closed(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(closed)
    const object = objectOf(node)
    if (object === null) return node
    return Object.fromEntries(
      Object.entries(object).map(([key, value]) => {
        if (key === 'enum' || key === 'const' || key === 'default') return [key, value]
        if (key !== 'oneOf') return [key, closed(value)]
        const branches = listOf(value)
        return [key, branches.map((branch) => closedBranch(branch))]
      }),
    )
  }

  function closedBranch(branch: unknown): unknown {
    const inner = closed(branch)
    return declaresFields(branch) ? { allOf: [inner], unevaluatedProperties: false } : inner
  }

  function declaresFields(branch: unknown, depth = 0): boolean {
    const object = objectOf(branch)
    if (object === null || depth > 16) return false
    if ('additionalProperties' in object || 'unevaluatedProperties' in object) return false
    if ('properties' in object) return true
    return (
      typeof object['$ref'] === 'string' &&
      declaresFields(resolveRef(sent, object['$ref']), depth + 1)
    )
  }
}

function notePaths(node: SchemaNode, path: string, paths: Map<SchemaNode, string>): void {
  if (typeof node === 'boolean' || paths.has(node)) return
  paths.set(node, path)
  for (const { path: keys, schema } of subSchemas(node)) {
    const steps = keys.map((key) => encodeURIComponent(pointerKey(String(key))))
    notePaths(schema, `${path}/${steps.join('/')}`, paths)
  }
}

function pointerKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
