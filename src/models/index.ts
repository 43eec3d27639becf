import { anthropic } from './anthropic.ts'
import { llamaCpp } from './llama-cpp.ts'
import { onnx } from './onnx.ts'
import { openai } from './openai.ts'
import type { ProviderKind } from './provider.ts'
import { standIn } from './stand-in.ts'

/** The built-in providers. */
export const providers: readonly ProviderKind[] = [openai, anthropic, llamaCpp, onnx, standIn]
