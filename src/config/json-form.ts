import { z } from 'zod'

/** A JSON Schema as plain data. */
export interface JsonSchema {
  [keyword: string]: unknown
}

/**
 * What a schema takes, for the published JSON Schema: the readers of `scalars.ts` take anything and
 * decide in code, which no converter can see. `like` is made only when it is asked for.
 */
export type JsonForm = { json: JsonSchema } | { like: () => z.ZodType }

const forms = new WeakMap<z.core.$ZodType, JsonForm>()

/** The schema, with what it takes noted next to it. */
export function withForm<Schema extends z.ZodType>(schema: Schema, form: JsonForm): Schema {
  forms.set(schema, form)
  return schema
}

/** What was noted for a schema, or for the one it was cloned from to describe or refine it. */
export function formOf(schema: z.core.$ZodType): JsonForm | undefined {
  let current: z.core.$ZodType | undefined = schema
  while (current !== undefined && !forms.has(current)) {
    // oxlint-disable-next-line no-underscore-dangle -- zod's own registries find it there
    current = current._zod.parent
  }
  return current === undefined ? undefined : forms.get(current)
}

/** What a schema says of itself, also behind a transformation. */
export function descriptionOf(schema: z.ZodType): string | undefined {
  if (schema.description !== undefined) return schema.description
  return schema instanceof z.ZodPipe && schema.def.in instanceof z.ZodType
    ? descriptionOf(schema.def.in)
    : undefined
}
