import type { LlamaGrammar, LlamaModel } from 'node-llama-cpp'
import type { ChatRequest } from '../graph/request.ts'

type Schema = NonNullable<ChatRequest['format']>['schema']

const grammars = new WeakMap<LlamaModel, WeakMap<Schema, Promise<LlamaGrammar | null>>>()

/**
 * The grammar that holds a model to the form of an answer, made once for each schema; null where the
 * library has none for it: whoever asks for a form says so in the prompt, too.
 */
export function grammarFor(
  model: LlamaModel,
  { format }: ChatRequest,
): Promise<LlamaGrammar | null> {
  if (format === undefined) return Promise.resolve(null)
  const known = grammars.get(model) ?? new WeakMap<Schema, Promise<LlamaGrammar | null>>()
  grammars.set(model, known)
  const made = known.get(format.schema) ?? makeGrammar(model, format.schema)
  known.set(format.schema, made)
  return made
}

async function makeGrammar(model: LlamaModel, schema: Schema): Promise<LlamaGrammar | null> {
  try {
    // A JSON Schema; what the library does not know of it, it omits or refuses.
    return await model.llama.createGrammarForJsonSchema(schema as { type: 'object' })
  } catch {
    // Any refusal means the same: this schema has no grammar, and the prompt has to do.
    return null
  }
}
