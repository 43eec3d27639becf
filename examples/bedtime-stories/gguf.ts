import type { Checkpoint, Token } from './checkpoint.ts'

/** A value of a GGUF file's metadata, with its type. */
export type GgufValue =
  | { type: 'uint32'; value: number }
  | { type: 'float32'; value: number }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'float32s'; value: readonly number[] }
  | { type: 'int32s'; value: readonly number[] }

export interface GgufTensor {
  name: string
  /** The length of a row first. */
  dimensions: readonly number[]
  weights: Float32Array
}

export interface GgufFile {
  metadata: readonly (readonly [key: string, value: GgufValue])[]
  tensors: readonly GgufTensor[]
}

/** What a llama2.c model and its tokenizer are as a GGUF file of the architecture `llama`. */
export function describeModel(
  name: string,
  { shape, ...weights }: Checkpoint,
  tokens: readonly Token[],
): GgufFile {
  const { dim, hiddenDim, layers, heads, kvHeads, vocabularySize, contextLength } = shape
  const kvDim = (dim / heads) * kvHeads
  const uint32 = (value: number) => ({ type: 'uint32', value }) as const
  const tensors: GgufTensor[] = [
    { name: 'token_embd.weight', dimensions: [dim, vocabularySize], weights: weights.embedding },
    { name: 'output_norm.weight', dimensions: [dim], weights: weights.outputNorm },
  ]
  if (weights.output !== null) {
    const dimensions = [dim, vocabularySize]
    tensors.push({ name: 'output.weight', dimensions, weights: weights.output })
  }
  const parts: readonly (readonly [string, number[], Float32Array[]])[] = [
    ['attn_norm', [dim], weights.attentionNorm],
    ['attn_q', [dim, dim], weights.query],
    ['attn_k', [dim, kvDim], weights.key],
    ['attn_v', [dim, kvDim], weights.value],
    ['attn_output', [dim, dim], weights.attentionOutput],
    ['ffn_norm', [dim], weights.feedForwardNorm],
    ['ffn_gate', [dim, hiddenDim], weights.gate],
    ['ffn_down', [hiddenDim, dim], weights.down],
    ['ffn_up', [dim, hiddenDim], weights.up],
  ]
  for (let layer = 0; layer < layers; layer++) {
    for (const [part, dimensions, ofLayers] of parts) {
      const tensor = ofLayers[layer]
      if (tensor === undefined) throw new Error(`layer ${layer} has no ${part}`)
      tensors.push({ name: `blk.${layer}.${part}.weight`, dimensions, weights: tensor })
    }
  }
  return {
    metadata: [
      ['general.architecture', { type: 'string', value: 'llama' }],
      ['general.name', { type: 'string', value: name }],
      ['llama.context_length', uint32(contextLength)],
      ['llama.embedding_length', uint32(dim)],
      ['llama.block_count', uint32(layers)],
      ['llama.feed_forward_length', uint32(hiddenDim)],
      ['llama.rope.dimension_count', uint32(dim / heads)],
      ['llama.attention.head_count', uint32(heads)],
      ['llama.attention.head_count_kv', uint32(kvHeads)],
      ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-5 }],
      ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
      ['tokenizer.ggml.tokens', { type: 'strings', value: tokens.map(({ text }) => text) }],
      ['tokenizer.ggml.scores', { type: 'float32s', value: tokens.map(({ score }) => score) }],
      [
        'tokenizer.ggml.token_type',
        { type: 'int32s', value: tokens.map(({ kind }) => tokenTypes[kind]) },
      ],
      ['tokenizer.ggml.bos_token_id', uint32(1)],
      ['tokenizer.ggml.eos_token_id', uint32(2)],
      ['tokenizer.ggml.unknown_token_id', uint32(0)],
      // No chat template: the model continues texts and knows no roles.
    ],
    tensors,
  }
}

const tokenTypes = { normal: 1, unknown: 2, control: 3, byte: 6 } as const

/** The bytes of a GGUF file; weights in rows of 32 become Q8_0, others stay float32. */
export function encodeGguf({ metadata, tensors }: GgufFile): Buffer {
  const blobs = tensors.map((tensor) => encodeWeights(tensor))
  const head: Buffer[] = [
    Buffer.from('GGUF'),
    uint32Bytes(formatVersion),
    uint64Bytes(tensors.length),
    uint64Bytes(metadata.length),
  ]
  for (const [key, value] of metadata) head.push(stringBytes(key), ...valueBytes(value))
  let offset = 0
  for (const [at, { name, dimensions }] of tensors.entries()) {
    const blob = blobs[at]
    if (blob === undefined) throw new Error(`tensor ${name} has no bytes`)
    head.push(stringBytes(name), uint32Bytes(dimensions.length))
    head.push(...dimensions.map((size) => uint64Bytes(size)))
    head.push(uint32Bytes(blob.type), uint64Bytes(offset))
    offset += aligned(blob.bytes.length)
  }
  const pieces = [padded(Buffer.concat(head)), ...blobs.map(({ bytes }) => padded(bytes))]
  return Buffer.concat(pieces)
}

const formatVersion = 3
/** Tensors begin at multiples of this. */
const alignment = 32
/** Weights that share one scale. */
const blockWeights = 32
const blockBytes = 2 + blockWeights

const tensorTypes = { float32: 0, q8: 8 } as const

function encodeWeights({ name, dimensions, weights }: GgufTensor): { type: number; bytes: Buffer } {
  const count = dimensions.reduce((product, size) => product * size, 1)
  if (count !== weights.length) {
    throw new Error(`tensor ${name} has ${weights.length} weights where ${count} belong`)
  }
  const quantised = dimensions.length === 2 && (dimensions[0] ?? 0) % blockWeights === 0
  return quantised
    ? { type: tensorTypes.q8, bytes: quantise(weights) }
    : { type: tensorTypes.float32, bytes: float32Bytes(weights) }
}

/** Q8_0: per block a float16 scale and each weight as a multiple of it, rounded to an int8. */
function quantise(weights: Float32Array): Buffer {
  const bytes = Buffer.alloc((weights.length / blockWeights) * blockBytes)
  for (let start = 0, at = 0; start < weights.length; start += blockWeights, at += blockBytes) {
    const block = weights.subarray(start, start + blockWeights)
    let largest = 0
    for (const weight of block) largest = Math.max(largest, Math.abs(weight))
    const scale = Math.fround(largest / 127)
    const perScale = scale === 0 ? 0 : Math.fround(1 / scale)
    bytes.writeUInt16LE(float16Bits(scale), at)
    for (const [index, weight] of block.entries()) {
      const multiple = Math.fround(weight * perScale)
      // Half away from zero, unlike Math.round below zero.
      const rounded = Math.sign(multiple) * Math.floor(Math.abs(multiple) + 0.5)
      bytes.writeInt8(rounded, at + 2 + index)
    }
  }
  return bytes
}

/** The float16 nearest to a number from 0 to 65504, ties to even. */
export function float16Bits(value: number): number {
  if (!(value >= 0 && value <= 65_504)) throw new RangeError(`${value} is no scale of a block`)
  const exponent = value === 0 ? -15 : Math.max(-15, Math.floor(Math.log2(value)))
  // Numbers below 2^-14 have no leading one; they are multiples of 2^-24.
  const step = 2 ** (Math.max(exponent, -14) - 10)
  const multiple = roundToEven(value / step)
  const bias = exponent < -14 ? 0 : (exponent + 14) << 10
  // A multiple that was rounded up to the next power carries into the exponent by itself.
  return bias + multiple
}

function roundToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1
  return below % 2 === 0 ? below : below + 1
}

function valueBytes(value: GgufValue): Buffer[] {
  switch (value.type) {
    case 'uint32':
      return [uint32Bytes(4), uint32Bytes(value.value)]
    case 'float32':
      return [uint32Bytes(6), float32Bytes([value.value])]
    case 'string':
      return [uint32Bytes(8), stringBytes(value.value)]
    case 'strings':
      return [...listHead(8, value.value), ...value.value.map((text) => stringBytes(text))]
    case 'float32s':
      return [...listHead(6, value.value), float32Bytes(value.value)]
    case 'int32s':
      return [...listHead(5, value.value), int32Bytes(value.value)]
    default:
      return value satisfies never
  }
}

const listType = 9

function listHead(itemType: number, items: readonly unknown[]): Buffer[] {
  return [uint32Bytes(listType), uint32Bytes(itemType), uint64Bytes(items.length)]
}

function stringBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  return Buffer.concat([uint64Bytes(bytes.length), bytes])
}

function uint32Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint64Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function int32Bytes(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [at, value] of values.entries()) bytes.writeInt32LE(value, at * 4)
  return bytes
}

function float32Bytes(values: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (let at = 0; at < values.length; at++) bytes.writeFloatLE(values[at] ?? 0, at * 4)
  return bytes
}

function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment
}

function padded(bytes: Buffer): Buffer {
  const missing = aligned(bytes.length) - bytes.length
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)])
}
