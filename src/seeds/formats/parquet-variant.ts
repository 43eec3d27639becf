import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet'
import { isListLike } from 'hyparquet/src/schema.js'
import type { Value } from '../../util/value.ts'
import { decimalNumber, decimalOf, decimalText, fits, readUnits } from './parquet-decimal.ts'
import { readDictionary, readVariantValue } from './variant-value.ts'

type Read = (raw: unknown) => Value

/** A part of a variant that is not there, which is not the same as null. */
type Part = Value | undefined

interface VariantPorts {
  textOf: (bytes: Uint8Array) => string
  /** Reads a separate leaf Parquet type. */
  leaf: (node: SchemaTree) => Read
}

export function isVariant({ logical_type: logical }: SchemaElement): boolean {
  return logical?.type === 'VARIANT'
}

/**
 * The same file with its variants as the bytes and typed values they are stored in: the reader would
 * make numbers of them that lose digits, and of dates the numbers they are counted in.
 */
export function withStoredVariants(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element): SchemaElement => {
    if (!isVariant(element)) return element
    const { logical_type: _logical, ...stored } = element
    return stored
  })
  return { ...metadata, schema }
}

/** How the values of a variant are read: from its bytes, and from what is stored as typed values. */
export function variantReader(node: SchemaTree, ports: VariantPorts): Read {
  const { textOf } = ports
  const read = partReader(node, ports)
  return (raw) => {
    const { metadata } = fieldsOf(raw)
    if (!(metadata instanceof Uint8Array)) throw new Error('its variant has no metadata')
    const dictionary = readDictionary(metadata, textOf)
    return read(raw, (bytes) => readVariantValue(bytes, { dictionary, textOf })) ?? null
  }
}

type PartRead = (raw: unknown, decode: (bytes: Uint8Array) => Value) => Part

/** A group of `value` and `typed_value`: the variant itself, a field of it, or an item of a list. */
function partReader(node: SchemaTree, ports: VariantPorts): PartRead {
  const typed = node.children.find(({ element }) => element.name === 'typed_value')
  const readTyped = typed === undefined ? null : typedReader(typed, ports)
  return (raw, decode) => {
    const { value, typed_value: stored } = fieldsOf(raw)
    const rest = value instanceof Uint8Array ? decode(value) : undefined
    if (readTyped === null || stored === null || stored === undefined) return rest
    const found = readTyped(stored, decode)
    // Of an object, fields of another type than the others' are in the bytes.
    return found instanceof Map && rest instanceof Map ? new Map([...rest, ...found]) : found
  }
}

function typedReader(node: SchemaTree, ports: VariantPorts): PartRead {
  const [child] = node.children
  if (child === undefined) {
    const read = leafReader(node, ports)
    return (raw) => read(raw)
  }
  if (isListLike(node)) {
    const [item = child] = child.children.length === 1 ? child.children : []
    const read = partReader(item, ports)
    return (raw, decode) =>
      Array.from(raw as ArrayLike<unknown>, (each) => read(each, decode) ?? null)
  }
  const fields = node.children.map((each) => ({
    name: each.element.name,
    read: partReader(each, ports),
  }))
  return (raw, decode) => {
    const parts = fieldsOf(raw)
    const entries = fields.flatMap(({ name, read }): [string, Value][] => {
      const part = read(parts[name], decode)
      return part === undefined ? [] : [[name, part]]
    })
    return new Map(entries)
  }
}

/** Values of a variant have a type each: a decimal is a number where one keeps all of its digits. */
function leafReader(node: SchemaTree, { leaf }: VariantPorts): Read {
  const decimal = decimalOf(node.element)
  if (decimal === null) return leaf(node)
  return (raw) => {
    const units = readUnits(raw)
    return fits(decimal, units) ? decimalNumber(decimal, units) : decimalText(decimal, units)
  }
}

/** The reader makes structs plain objects, and leaves null fields out. */
function fieldsOf(raw: unknown): Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null ? { ...raw } : {}
}
