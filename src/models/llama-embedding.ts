import type { LlamaEmbeddingContext } from 'node-llama-cpp'
import { type EmbedRequest, type ModelReply, noUsage } from '../graph/request.ts'
import { type Asked, noFormFor } from './classify.ts'
import { tooLong } from './llama-chat.ts'
import type { LoadedFile } from './llama-engine.ts'
import type { ModelTarget } from './provider.ts'
import { numberFrom } from './raw-json.ts'
import { embeddedValues, unitVector } from './embedded-values.ts'

/** What makes vectors of a file; inputs wait for each other in it. */
export function createEmbedder(
  { model }: LoadedFile,
  { extraBody }: ModelTarget,
): Promise<LlamaEmbeddingContext> {
  return model.createEmbeddingContext({
    contextSize: model.trainContextSize,
    // An encoder has to see an input whole.
    batchSize: model.trainContextSize,
    threads: numberFrom(extraBody['threads']) ?? 1,
  })
}

interface Embedding {
  target: ModelTarget
  request: EmbedRequest
  asked: Asked
  signal: AbortSignal
}

/** One vector of length 1 for every input. */
export async function embed(
  embedder: LlamaEmbeddingContext,
  { target, request, asked, signal }: Embedding,
): Promise<ModelReply> {
  const { model } = embedder
  const dimensions = request.dimensions ?? target.dimensions
  const values = embeddedValues(request.inputs, asked)
  const vectors: Float32Array[] = []
  let inputTokens = 0
  for (const value of values) {
    signal.throwIfAborted()
    const tokens = embedder.calculateInputLength(value)
    if (tokens > model.trainContextSize) throw tooLong(tokens, model.trainContextSize, asked)
    const { vector } = await embedder.getEmbeddingFor(value)
    if (dimensions !== null && dimensions !== vector.length) {
      throw noFormFor(
        `"dimensions": ${dimensions}; its vectors have ${vector.length} numbers`,
        asked,
      )
    }
    inputTokens += tokens
    vectors.push(unitVector(vector))
  }
  return {
    content: [],
    reasoning: null,
    vectors,
    finishReason: 'stop',
    usage: { ...noUsage, inputTokens },
    model: target.model,
  }
}
