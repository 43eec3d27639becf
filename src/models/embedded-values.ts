import { type Content, textOf } from '../graph/request.ts'
import { type Asked, noFormFor } from './classify.ts'

/** The texts of an embedding's inputs. */
export function embeddedValues(inputs: readonly (readonly Content[])[], asked: Asked): string[] {
  return inputs.map((input) => {
    const other = input.find(({ type }) => type !== 'text')
    if (other !== undefined) throw noFormFor(`an embedding of a block of type ${other.type}`, asked)
    return textOf(input)
  })
}

/** The same direction with a length of 1, which servers give; one of zeros stays. */
export function unitVector(vector: ArrayLike<number>): Float32Array {
  let sum = 0
  for (let at = 0; at < vector.length; at += 1) sum += (vector[at] ?? 0) ** 2
  const length = Math.sqrt(sum)
  return Float32Array.from(vector, (value) => (length === 0 ? value : value / length))
}
