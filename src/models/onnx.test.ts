import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { createHubServer } from '../../test/support/hub-server.ts'
import {
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
  type SetupOptions,
} from '../../test/support/models.ts'
import type { EmbedRequest } from '../graph/request.ts'

const project = await mkdtemp(join(tmpdir(), 'rowsmith-onnx-'))
afterAll(() => rm(project, { recursive: true }))
await cp(
  fileURLToPath(new URL('../../test/fixtures/onnxruntime-node', import.meta.url)),
  join(project, 'node_modules/onnxruntime-node'),
  { recursive: true },
)
const network = JSON.stringify({ inputs: ['input_ids', 'attention_mask'] })
const tokenizer = JSON.stringify({
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, a: 1, little: 2, cat: 3 }, unk_token: '[UNK]' },
  pre_tokenizer: { type: 'Whitespace' },
  normalizer: null,
  post_processor: null,
  decoder: null,
  added_tokens: [],
})
const limits = JSON.stringify({ model_max_length: 4 })
const folder = join(project, 'model')
await mkdir(join(folder, 'onnx'), { recursive: true })
await writeFile(join(folder, 'onnx/model.onnx'), network)
await writeFile(join(folder, 'tokenizer.json'), tokenizer)
await writeFile(join(folder, 'tokenizer_config.json'), limits)

function open(
  model = folder,
  extra_body: Record<string, unknown> | null = null,
  options: SetupOptions = {},
) {
  return openRegistry(providerConfig({ provider_type: 'onnx', endpoint: '' }), {
    directory: project,
    models: [modelConfig({ model }, { generation_type: 'embedding', extra_body })],
    ...options,
  })
}

function of(...texts: string[]): EmbedRequest {
  return { operation: 'embed', inputs: texts.map((text) => [{ type: 'text', text }]) }
}

async function vectors(request: EmbedRequest, ...setup: Parameters<typeof open>) {
  const registry = open(...setup)
  const { vectors: made = [], usage } = await registry.send('writer', request, fresh())
  await registry.close()
  return { made: made.map((vector) => [...vector]), usage }
}

async function failure(request: EmbedRequest, ...setup: Parameters<typeof open>) {
  const registry = open(...setup)
  const error = await requestError(registry.send('writer', request, fresh()))
  await registry.close()
  return error
}

test('tokens become a mean of length 1, in the order of the inputs', async () => {
  const texts = ['cat', 'a little cat', 'little', 'a little cat', 'cat']
  const { made, usage } = await vectors(of(...texts), folder, { batch_size: 2 })
  const unit = ([x, y, z]: [number, number, number]) =>
    [x, y, z].map((one) => expect.closeTo(one / Math.hypot(x, y, z), 6))
  expect(made).toEqual([
    unit([3, 0, 1]),
    unit([2, 1, 1]),
    unit([2, 0, 1]),
    unit([2, 1, 1]),
    unit([3, 0, 1]),
  ])
  expect(usage.inputTokens).toBe(9)
})

test('the first token alone, vectors as they are, and weights elsewhere', async () => {
  const plain = { pooling: 'cls', normalize: false }
  expect((await vectors(of('little cat'), folder, plain)).made).toEqual([[2, 0, 1]])
  const pooled = JSON.stringify({ inputs: ['input_ids', 'attention_mask'], pooled: true })
  await writeFile(join(folder, 'pooled.onnx'), pooled)
  const own = { file: 'pooled.onnx', normalize: false }
  expect((await vectors(of('cat'), folder, own)).made).toEqual([[3, 0, 1]])
  const path = join(folder, 'onnx/model.onnx')
  expect((await vectors(of('cat'), path, { normalize: false })).made).toEqual([[3, 0, 1]])
})

test('a model of the Hub is downloaded with its tokenizer', async () => {
  await using hub = await createHubServer({
    files: {
      'owner/tiny/model_quantized.onnx': Buffer.from(network),
      'owner/tiny/tokenizer.json': Buffer.from(tokenizer),
    },
  })
  const environment = { HF_ENDPOINT: hub.url, HF_HOME: project, XDG_CACHE_HOME: project }
  const { made } = await vectors(of('cat'), 'hf:owner/tiny', { normalize: false }, { environment })
  expect(made).toEqual([[3, 0, 1]])
  const error = await failure(of('cat'), 'hf:owner/none', null, { environment })
  expect([error.code, error.problem.kind]).toEqual(['model-missing', 'endpoint-stopped'])
  expect(error.message).toContain('none of onnx/model.onnx')
})

test('what can not be done is said', async () => {
  const long = await failure(of('a little cat a little cat'))
  expect([long.code, long.problem.kind]).toEqual(['context-length', 'refused'])
  const wide = await failure({ ...of('cat'), dimensions: 7 })
  expect(wide.message).toContain('its vectors have 3 numbers')
  const none = await failure(of('cat'), join(project, 'nowhere'))
  expect([none.code, none.message]).toEqual(['model-missing', expect.stringContaining('nowhere')])
  await writeFile(join(folder, 'broken.onnx'), 'no network')
  const broken = await failure(of('cat'), folder, { file: 'broken.onnx' })
  expect(broken.code).toBe('model-unreadable')
  await writeFile(join(folder, 'odd.onnx'), JSON.stringify({ inputs: ['pixels'] }))
  const odd = await failure(of('cat'), folder, { file: 'odd.onnx' })
  expect(odd.message).toContain('"pixels"')
})

test('without the runtime the error says how to install it', async () => {
  const bare = await mkdtemp(join(tmpdir(), 'rowsmith-bare-'))
  const registry = open(folder, null, { directory: bare })
  const [result] = await registry.check(['writer'], fresh())
  expect(result?.error?.code).toBe('package-missing')
  expect(result?.error?.message).toContain('Install it with "npm install onnxruntime-node".')
  await registry.close()
  await rm(bare, { recursive: true })
})

test('an alias that wants something else of it is refused before the run', () => {
  const models = [modelConfig({ model: folder })]
  expect(() => open(folder, null, { models })).toThrow('has no models for "chat-completion"')
})
