/**
 * Reads the two files of llama2.c: a checkpoint (seven int32 of shape, then float32 weights) and
 * its tokenizer. Both are little-endian.
 */

export interface Shape {
  dim: number
  hiddenDim: number
  layers: number
  heads: number
  /** Heads of keys and values; fewer than `heads` with grouped queries. */
  kvHeads: number
  vocabularySize: number
  /** Tokens the model was trained to see at once. */
  contextLength: number
}

/** Weights of a model, row by row; lists have one entry per layer. */
export interface Checkpoint {
  shape: Shape
  embedding: Float32Array
  attentionNorm: Float32Array[]
  query: Float32Array[]
  key: Float32Array[]
  value: Float32Array[]
  attentionOutput: Float32Array[]
  feedForwardNorm: Float32Array[]
  gate: Float32Array[]
  down: Float32Array[]
  up: Float32Array[]
  outputNorm: Float32Array
  /** Null when the output shares the embedding's weights. */
  output: Float32Array | null
}

const headerBytes = 28

export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { shape, shared } = readShape(bytes)
  const { dim, hiddenDim, layers, vocabularySize, contextLength } = shape
  const headSize = dim / shape.heads
  const kvDim = headSize * shape.kvHeads
  let offset = headerBytes

  function take(count: number): Float32Array {
    const end = offset + count * 4
    if (end > bytes.length) {
      throw new Error(`the checkpoint has ${bytes.length} bytes, and its shape needs more`)
    }
    // Copied, because a view would need an aligned offset; a Buffer's own slice is a view.
    const weights = new Float32Array(new Uint8Array(bytes.subarray(offset, end)).buffer)
    offset = end
    return weights
  }

  function takeLayers(count: number): Float32Array[] {
    return Array.from({ length: layers }, () => take(count))
  }

  // The order of the file.
  const embedding = take(vocabularySize * dim)
  const attentionNorm = takeLayers(dim)
  const query = takeLayers(dim * dim)
  const key = takeLayers(dim * kvDim)
  const value = takeLayers(dim * kvDim)
  const attentionOutput = takeLayers(dim * dim)
  const feedForwardNorm = takeLayers(dim)
  const gate = takeLayers(dim * hiddenDim)
  const down = takeLayers(dim * hiddenDim)
  const up = takeLayers(dim * hiddenDim)
  const outputNorm = take(dim)
  // Tables of rotary angles, which every runtime works out itself.
  take(contextLength * headSize)
  const output = shared ? null : take(vocabularySize * dim)
  if (offset !== bytes.length) {
    throw new Error(`the checkpoint has ${bytes.length} bytes, and its shape needs ${offset}`)
  }
  return {
    shape,
    embedding,
    attentionNorm,
    query,
    key,
    value,
    attentionOutput,
    feedForwardNorm,
    gate,
    down,
    up,
    outputNorm,
    output,
  }
}

function readShape(bytes: Uint8Array): { shape: Shape; shared: boolean } {
  if (bytes.length < headerBytes) {
    throw new Error(`a checkpoint begins with ${headerBytes} bytes of shape, not ${bytes.length}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  const field = (at: number) => view.getInt32(at * 4, true)
  const shape: Shape = {
    dim: field(0),
    hiddenDim: field(1),
    layers: field(2),
    heads: field(3),
    kvHeads: field(4),
    vocabularySize: Math.abs(field(5)),
    contextLength: field(6),
  }
  const wrong = Object.entries(shape).find(([, size]) => size < 1 || size > 2 ** 24)
  if (wrong !== undefined) {
    throw new Error(`this is no llama2.c checkpoint: its ${wrong[0]} would be ${wrong[1]}`)
  }
  // A negative vocabulary says that the output has weights of its own.
  return { shape, shared: field(5) > 0 }
}

export interface Token {
  text: string
  score: number
  kind: 'normal' | 'unknown' | 'control' | 'byte'
}

export function readTokens(bytes: Uint8Array, vocabularySize: number): Token[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  // U+FEFF is a token, not a byte order mark.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const tokens: Token[] = []
  // The first four bytes are the length of the longest token.
  let offset = 4
  while (tokens.length < vocabularySize) {
    if (offset + 8 > bytes.length) {
      throw new Error(`the tokenizer has ${tokens.length} tokens, the model ${vocabularySize}`)
    }
    const score = view.getFloat32(offset, true)
    const length = view.getInt32(offset + 4, true)
    const text = decoder.decode(bytes.subarray(offset + 8, offset + 8 + length))
    tokens.push({ ...nameToken(tokens.length, text), score })
    offset += 8 + length
  }
  return tokens
}

const byteTokens = 256

/** Three control tokens come first, then one for every byte, whose text is the bare byte. */
function nameToken(id: number, text: string): Pick<Token, 'text' | 'kind'> {
  if (id === 0) return { text: '<unk>', kind: 'unknown' }
  if (id === 1) return { text: '<s>', kind: 'control' }
  if (id === 2) return { text: '</s>', kind: 'control' }
  if (id < 3 + byteTokens) {
    const hex = (id - 3).toString(16).toUpperCase().padStart(2, '0')
    return { text: `<0x${hex}>`, kind: 'byte' }
  }
  // SentencePiece writes a space as U+2581.
  return { text: text.replaceAll(' ', '\u2581'), kind: 'normal' }
}
