import type { ChatRequest } from '../graph/request.ts'
import type { SchemaObject } from './schema-nodes.ts'

/**
 * Said behind a prompt, whether the provider holds the model to the schema or not: one that does shows
 * it only the words it may say, and not what they mean.
 */
export function schemaInstructions(schema: string): string {
  return `Answer with JSON that fits this JSON Schema, and with nothing else:\n${schema}`
}

/** The form as a provider takes it, under a name that all of them take. */
export function answerFormat(column: string, schema: SchemaObject): ChatRequest['format'] {
  // Every provider takes objects, and most take nothing else.
  if (schema['type'] !== 'object') return undefined
  const name = column.replaceAll(/[^A-Za-z0-9_-]+/g, '_').slice(0, 64)
  return { name: name === '' ? 'answer' : name, schema }
}
