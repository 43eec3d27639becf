import { ok } from 'node:assert/strict'
import type { z } from 'zod'

/** One thing every kind of a family must do; `run` throws when it does not. */
export interface ConformanceCase {
  name: string
  run: () => Promise<void>
}

/** Cases by their names, in the order of writing. */
export function casesOf(cases: Readonly<Record<string, () => unknown>>): ConformanceCase[] {
  return Object.entries(cases).map(([name, run]) => ({
    name,
    // A case that is synchronous rejects as the others do.
    run: async () => {
      await run()
    },
  }))
}

/** A schema has a JSON Schema for editors, in which it and all of its fields are described. */
export async function checkDescribed(schema: z.ZodType, what: string): Promise<void> {
  // Loaded on first use: it knows every kind, and a door for tests should open at once.
  const { formFor } = await import('../check/json-schema.ts')
  const form = formFor(schema)
  for (const { properties, description } of objectsIn(form)) {
    ok(typeof description === 'string' && description !== '', `${what} has no description`)
    for (const [name, field] of Object.entries(properties)) {
      const isTag = 'const' in field || 'enum' in field
      ok(isTag || typeof field['description'] === 'string', `the field '${name}' is not described`)
    }
  }
}

interface ObjectForm {
  description: unknown
  properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** The object itself, or the alternatives it is one of. */
function objectsIn(form: Readonly<Record<string, unknown>>): ObjectForm[] {
  const alternatives = form['anyOf'] ?? form['oneOf']
  const inner = Array.isArray(alternatives) ? alternatives : []
  const found = inner.flatMap((each: Readonly<Record<string, unknown>>) => objectsIn(each))
  const { properties, description } = form
  // What a JSON Schema has below `properties` are schemas by name.
  return typeof properties === 'object' && properties !== null
    ? [{ description, properties: properties as ObjectForm['properties'] }, ...found]
    : found
}
