import { anthropic } from './anthropic.ts'
import { llamaCpp } from './llama-cpp.ts'
import { openai } from './openai.ts'
import type { ProviderKind } from './provider.ts'

/** The built-in providers by `provider_type`. */
export const providers: ReadonlyMap<string, ProviderKind> = new Map(
  [openai, anthropic, llamaCpp].map((kind) => [kind.type, kind]),
)
