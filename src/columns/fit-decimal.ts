import { Double, toDouble, type Value } from '../util/value.ts'
import { isOfType, toType } from './fit-scalar.ts'
import { nodesOf, type SchemaNode, type SchemaObject } from './schema-nodes.ts'

const fraction = /\\\.\?\\d\{0,(\d+)\}/

/**
 * A decimal number, which Pydantic asks for as a number or a text of a pattern: a number, rounded half
 * up to the digits of the pattern. Undefined for everything else.
 */
export function decimalOf(value: Value, node: SchemaNode): Value | undefined {
  if (typeof node === 'boolean') return undefined
  const pattern = decimalPattern(node)
  if (pattern === undefined) return undefined
  const number = typeof value === 'string' ? toType(value, 'number') : value
  if (number === undefined || !isOfType(number, 'number')) return undefined
  const digits = fraction.exec(pattern)?.[1]
  const plain = number instanceof Double ? number.value : Number(number)
  return toDouble(digits === undefined ? plain : roundHalfUp(plain, Number(digits)))
}

function decimalPattern(node: SchemaObject): string | undefined {
  const branches = nodesOf(node['anyOf']).filter((one) => typeof one !== 'boolean')
  if (!branches.some(({ type }) => type === 'number')) return undefined
  return branches
    .filter(({ type }) => type === 'string')
    .map(({ pattern }) => pattern)
    .find((pattern) => typeof pattern === 'string')
}

function roundHalfUp(value: number, digits: number): number {
  const shifted = Number(`${Math.abs(value)}e${digits}`)
  const rounded = Number(`${Math.floor(shifted + 0.5)}e-${digits}`)
  // A number in powers of ten has no digits that could be shifted so.
  return Number.isFinite(rounded) ? Math.sign(value) * rounded : value
}
