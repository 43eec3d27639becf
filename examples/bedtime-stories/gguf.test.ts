import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readGgufFileInfo } from 'node-llama-cpp'
import { expect, test } from 'vitest'
import { readCheckpoint, readTokens } from './checkpoint.ts'
import { describeModel, encodeGguf, float16Bits } from './gguf.ts'

const shape = {
  dim: 64,
  hiddenDim: 96,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  vocabularySize: 262,
  contextLength: 16,
}

/** A checkpoint of that shape whose weights count up from 0. */
function checkpointBytes({ shared }: { shared: boolean }): Buffer {
  const { dim, hiddenDim, layers, heads, kvHeads, vocabularySize, contextLength } = shape
  const kvDim = (dim / heads) * kvHeads
  const perLayer = 2 * dim + 2 * dim * dim + 2 * dim * kvDim + 3 * dim * hiddenDim
  const count =
    vocabularySize * dim * (shared ? 1 : 2) +
    layers * perLayer +
    dim +
    contextLength * (dim / heads)
  const bytes = Buffer.alloc(28 + count * 4)
  const header = [dim, hiddenDim, layers, heads, kvHeads, shared ? 262 : -262, contextLength]
  for (const [at, size] of header.entries()) bytes.writeInt32LE(size, at * 4)
  for (let at = 0; at < count; at++) bytes.writeFloatLE(at, 28 + at * 4)
  return bytes
}

function tokenizerBytes(texts: readonly string[]): Buffer {
  const pieces = texts.map((text, id) => {
    const encoded = Buffer.from(text)
    const head = Buffer.alloc(8)
    head.writeFloatLE(-id, 0)
    head.writeInt32LE(encoded.length, 4)
    return Buffer.concat([head, encoded])
  })
  return Buffer.concat([Buffer.alloc(4), ...pieces])
}

const texts = [...Array.from({ length: 259 }, () => 'x'), ' the', '\uFEFF', '🙂']

test('a checkpoint is cut into its tensors in the order of the file', () => {
  const checkpoint = readCheckpoint(checkpointBytes({ shared: true }))
  expect(checkpoint.shape).toEqual(shape)
  expect(checkpoint.output).toBeNull()
  expect(checkpoint.embedding.length).toBe(262 * 64)
  // Weights count up, so the first of each tensor says where it was found.
  const afterEmbedding = 262 * 64
  expect(checkpoint.attentionNorm.map(([first]) => first)).toEqual([
    afterEmbedding,
    afterEmbedding + 64,
  ])
  expect(checkpoint.query[0]?.[0]).toBe(afterEmbedding + 2 * 64)
  expect(checkpoint.key[1]?.length).toBe(64 * 32)
  expect(readCheckpoint(checkpointBytes({ shared: false })).output?.length).toBe(262 * 64)
})

test('what is no checkpoint is refused', () => {
  const bytes = checkpointBytes({ shared: true })
  expect(() => readCheckpoint(bytes.subarray(0, -4))).toThrow('and its shape needs more')
  expect(() => readCheckpoint(Buffer.concat([bytes, Buffer.alloc(4)]))).toThrow(
    'and its shape needs',
  )
  expect(() => readCheckpoint(Buffer.alloc(100))).toThrow('its dim would be 0')
  expect(() => readCheckpoint(Buffer.alloc(3))).toThrow('begins with 28 bytes')
})

test('tokens get the names SentencePiece gives them', () => {
  const tokens = readTokens(tokenizerBytes(texts), 262)
  expect(tokens.slice(0, 4)).toEqual([
    { text: '<unk>', kind: 'unknown', score: -0 },
    { text: '<s>', kind: 'control', score: -1 },
    { text: '</s>', kind: 'control', score: -2 },
    { text: '<0x00>', kind: 'byte', score: -3 },
  ])
  expect(tokens.slice(258).map(({ text }) => text)).toEqual(['<0xFF>', '\u2581the', '\uFEFF', '🙂'])
  expect(() => readTokens(tokenizerBytes(texts.slice(1)), 262)).toThrow('has 261 tokens')
})

test.each([true, false])('llama.cpp reads the file (shared output weights: %s)', async (shared) => {
  const folder = await mkdtemp(join(tmpdir(), 'rowsmith-gguf-'))
  try {
    const checkpoint = readCheckpoint(checkpointBytes({ shared }))
    const tokens = readTokens(tokenizerBytes(texts), 262)
    const bytes = encodeGguf(describeModel('tiny', checkpoint, tokens))
    expect(bytes.subarray(0, 4).toString()).toBe('GGUF')
    expect(bytes.length % 32).toBe(0)
    const path = join(folder, 'tiny.gguf')
    await writeFile(path, bytes)
    const info = await readGgufFileInfo(path, { readTensorInfo: true, logWarnings: false })
    expect(info.metadata).toMatchObject({
      general: { architecture: 'llama', name: 'tiny' },
      llama: {
        context_length: 16,
        embedding_length: 64,
        block_count: 2,
        feed_forward_length: 96,
        rope: { dimension_count: 16 },
        attention: { head_count: 4, head_count_kv: 2 },
      },
      tokenizer: { ggml: { model: 'llama', bos_token_id: 1, eos_token_id: 2 } },
    })
    expect(info.metadata.tokenizer.ggml.tokens.length).toBe(262)
    expect(info.metadata.tokenizer.chat_template).toBeUndefined()
    const tensors = info.fullTensorInfo ?? []
    expect(tensors.length).toBe((shared ? 2 : 3) + 2 * 9)
    expect(tensors.find(({ name }) => name === 'blk.1.attn_k.weight')).toMatchObject({
      dimensions: [64, 32],
      ggmlType: 8,
    })
    expect(tensors.find(({ name }) => name === 'output_norm.weight')?.ggmlType).toBe(0)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('blocks are a scale and rounded multiples of it', () => {
  const weights = Float32Array.from({ length: 32 }, (_, at) => (at - 16) / 2)
  const dimensions = [32, 1]
  const bytes = encodeGguf({ metadata: [], tensors: [{ name: 't', dimensions, weights }] })
  const block = bytes.subarray(bytes.length - 64, bytes.length - 64 + 34)
  const scale = 8 / 127
  expect(block.readUInt16LE(0)).toBe(float16Bits(scale))
  expect(block.readInt8(2)).toBe(-127)
  expect(block.readInt8(2 + 16)).toBe(0)
  expect(block.readInt8(2 + 31)).toBe(Math.round(7.5 / scale))
  const zeros = { name: 'z', dimensions, weights: new Float32Array(32) }
  expect(
    encodeGguf({ metadata: [], tensors: [zeros] })
      .subarray(-64)
      .every((byte) => byte === 0),
  ).toBe(true)
})

test.each([
  [0, 0x0000],
  [1, 0x3c00],
  [65_504, 0x7bff],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [1.5 * 2 ** -24, 0x0002],
  [2 ** -14 - 2 ** -26, 0x0400],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [2 - 2 ** -12, 0x4000],
  [0.1, 0x2e66],
])('float16 of %d', (value, bits) => {
  expect(float16Bits(value)).toBe(bits)
})
