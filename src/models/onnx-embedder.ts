import { type EmbedRequest, type ModelReply, noUsage } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import { type Asked, describe, noFormFor } from './classify.ts'
import { embeddedValues, unitVector } from './embedded-values.ts'
import type { OnnxFiles } from './onnx-files.ts'
import type { OnnxOutput, OnnxRuntime, OnnxSession, OnnxTokenizer } from './onnx-runtime.ts'
import type { ModelTarget } from './provider.ts'
import { numberFrom } from './raw-json.ts'

/** A model in memory, with what it is fed by. */
export interface OnnxModel {
  readonly runtime: OnnxRuntime
  readonly session: OnnxSession
  readonly tokenizer: OnnxTokenizer
  /** Tokens that it sees at once. */
  readonly mostTokens: number
}

/** Inputs in one run of the network, by default. */
const usualBatch = 16

/** The least that any of the files says; some say numbers beyond any text. */
export function mostTokensOf({ config, tokenizerConfig }: OnnxFiles): number {
  const said = [tokenizerConfig['model_max_length'], config['max_position_embeddings']]
  return Math.min(...said.map((most) => (typeof most === 'number' && most > 0 ? most : Infinity)))
}

interface Embedding {
  target: ModelTarget
  request: EmbedRequest
  asked: Asked
  signal: AbortSignal
}

/** One vector for every input: the mean of its tokens' vectors, with a length of 1. */
export async function embedOnnx(
  model: OnnxModel,
  { target, request, asked, signal }: Embedding,
): Promise<ModelReply> {
  const { extraBody } = target
  const values = embeddedValues(request.inputs, asked)
  const tokens = values.map((value) => model.tokenizer.encode(value).ids)
  const longest = tokens.find(({ length }) => length > model.mostTokens)
  if (longest !== undefined) throw tooManyTokens(longest.length, model.mostTokens, asked)
  const dimensions = request.dimensions ?? target.dimensions
  const vectors: Float32Array[] = []
  const most = Math.max(1, numberFrom(extraBody['batch_size']) ?? usualBatch)
  for (const batch of batchesOf(tokens, most)) {
    signal.throwIfAborted()
    const rows = await run(
      model,
      batch.map((at) => tokens[at] ?? []),
      { target, asked },
    )
    for (const [index, row] of rows.entries()) {
      if (dimensions !== null && row.length !== dimensions) {
        throw noFormFor(
          `"dimensions": ${dimensions}; its vectors have ${row.length} numbers`,
          asked,
        )
      }
      vectors[batch[index] ?? 0] = extraBody['normalize'] === false ? row : unitVector(row)
    }
  }
  return {
    content: [],
    reasoning: null,
    vectors,
    finishReason: 'stop',
    usage: { ...noUsage, inputTokens: tokens.reduce((sum, { length }) => sum + length, 0) },
    model: target.model,
  }
}

/** Inputs of equal length together: padding would cost time, and change what comes out a little. */
function* batchesOf(tokens: readonly (readonly number[])[], most: number): Iterable<number[]> {
  const byLength = Map.groupBy(tokens.keys(), (at) => tokens[at]?.length ?? 0)
  for (const group of byLength.values()) {
    for (let from = 0; from < group.length; from += most) yield group.slice(from, from + most)
  }
}

async function run(
  { runtime, session }: OnnxModel,
  batch: readonly (readonly number[])[],
  { target, asked }: { target: ModelTarget; asked: Asked },
): Promise<Float32Array[]> {
  const length = batch[0]?.length ?? 0
  const shape = [batch.length, length]
  const ids = BigInt64Array.from(batch.flat(), BigInt)
  const inputs: Readonly<Record<string, BigInt64Array>> = {
    input_ids: ids,
    attention_mask: new BigInt64Array(ids.length).fill(1n),
    token_type_ids: new BigInt64Array(ids.length),
  }
  const feeds: Record<string, unknown> = {}
  for (const name of session.inputNames) {
    const data = inputs[name]
    if (data === undefined) throw noFormFor(`the input "${name}" that its network wants`, asked)
    feeds[name] = new runtime.Tensor('int64', data, shape)
  }
  const outputs = await session.run(feeds)
  const output = outputOf(outputs, session.outputNames)
  if (output === undefined) throw noFormFor('embeddings: its network has no such output', asked)
  return rowsOf(output, target.extraBody['pooling'] === 'cls')
}

/** Some networks pool by themselves. */
function outputOf(
  outputs: Readonly<Record<string, OnnxOutput>>,
  names: readonly string[],
): OnnxOutput | undefined {
  const known = ['sentence_embedding', 'last_hidden_state', 'token_embeddings', ...names]
  return known
    .map((name) => outputs[name])
    .find((output) => output !== undefined && [2, 3].includes(output.dims.length))
}

function rowsOf({ data, dims }: OnnxOutput, byFirst: boolean): Float32Array[] {
  const width = dims.at(-1) ?? 0
  const rows = dims[0] ?? 0
  // Of a pooled output every row is one token.
  const length = dims.length === 3 ? (dims[1] ?? 0) : 1
  const used = byFirst ? 1 : length
  return Array.from({ length: rows }, (_, row) => {
    const vector = new Float32Array(width)
    for (let token = 0; token < used; token += 1) {
      const from = (row * length + token) * width
      for (let at = 0; at < width; at += 1) vector[at] = (vector[at] ?? 0) + (data[from + at] ?? 0)
    }
    return vector.map((sum) => sum / used)
  })
}

function tooManyTokens(tokens: number, most: number, asked: Asked): RequestError {
  return new RequestError(
    'context-length',
    `${describe(asked)} can't take this text: it has ${tokens} tokens, and the model sees ${most}. Shorten it.`,
    { kind: 'refused' },
  )
}
