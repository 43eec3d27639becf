import { z } from 'zod'
import { isMapping } from './literal.ts'
import { itemOf } from './scalars.ts'

/** The keys a schema knows for the mapping at `steps` inside a value. */
export function keysAt(
  schema: unknown,
  value: unknown,
  steps: readonly (string | number)[],
): string[] {
  return [
    ...new Set(objectsAt(schema, value, steps).flatMap((object) => Object.keys(object.shape))),
  ]
}

function objectsAt(
  schema: unknown,
  value: unknown,
  steps: readonly (string | number)[],
): z.ZodObject[] {
  if (schema instanceof z.ZodUnion) return chosen(schema, value, steps)
  if (schema instanceof z.ZodLazy) return objectsAt(schema.def.getter(), value, steps)
  if (schema instanceof z.ZodPipe) {
    const item = itemOf(schema)
    if (item !== undefined) return step(value, steps, () => item)
    const output = objectsAt(schema.def.out, value, steps)
    return output.length > 0 ? output : objectsAt(schema.def.in, value, steps)
  }
  if (schema instanceof z.ZodIntersection) {
    return [schema.def.left, schema.def.right].flatMap((side) => objectsAt(side, value, steps))
  }
  if (isWrapper(schema)) return objectsAt(schema.def.innerType, value, steps)
  if (schema instanceof z.ZodArray) return step(value, steps, () => schema.def.element)
  if (schema instanceof z.ZodRecord) return step(value, steps, () => schema.def.valueType)
  if (!(schema instanceof z.ZodObject)) return []
  return steps.length === 0 ? [schema] : step(value, steps, (key) => schema.shape[key])
}

function step(
  value: unknown,
  [first, ...rest]: readonly (string | number)[],
  next: (key: string) => unknown,
): z.ZodObject[] {
  return first === undefined ? [] : objectsAt(next(String(first)), inside(value, first), rest)
}

function inside(value: unknown, key: string | number): unknown {
  if (Array.isArray(value)) return value[Number(key)]
  return isMapping(value) ? value[key] : undefined
}

/** The alternatives whose tags fit the value, or all of them when none does. */
function chosen(
  union: z.ZodUnion,
  value: unknown,
  steps: readonly (string | number)[],
): z.ZodObject[] {
  const fitting = union.options.filter((option) =>
    objectsAt(option, value, []).some(
      (object) =>
        isMapping(value) &&
        Object.entries(object.shape).every(
          ([key, field]) =>
            !(field instanceof z.ZodLiteral) || [...field.values].some((tag) => tag === value[key]),
        ),
    ),
  )
  const options = fitting.length > 0 ? fitting : union.options
  return options.flatMap((option) => objectsAt(option, value, steps))
}

type Wrapper = { def: { innerType: unknown } }

function isWrapper(schema: unknown): schema is Wrapper {
  return (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodNonOptional
  )
}
