import { textOf } from '../graph/request.ts'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createHubServer } from '../../test/support/hub-server.ts'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { providerSuite } from '../testing/provider-suite.ts'
import type { ModelEvent, ModelTarget } from './provider.ts'
import { llamaCpp, sequencesOf } from './llama-cpp.ts'

// Where examples/bedtime-stories keeps the model it fetches.
const weights =
  process.env['ROWSMITH_TEST_GGUF'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rowsmith/stories15M-q8_0.gguf')
const present = existsSync(weights)
const longPrompt = 'a very long story '.repeat(500)

function open(model: string, parameters: Parameters<typeof modelConfig>[1] = {}) {
  return openRegistry(providerConfig({ provider_type: 'llama-cpp', endpoint: '' }), {
    models: [modelConfig({ model }, { max_tokens: 12, ...parameters })],
  })
}

test('a file that is not there stops the endpoint and names the path', async () => {
  const registry = open('no/such/model.gguf')
  const error = await requestError(registry.send('writer', chat('Once'), fresh()))
  expect([error.code, error.problem.kind]).toEqual(['model-missing', 'endpoint-stopped'])
  expect(error.message).toContain(join(process.cwd(), 'no/such/model.gguf'))
  const [result] = await registry.check(['writer'], fresh())
  expect(result?.error?.code).toBe('model-missing')
  await registry.close()
})

test('a file that is not GGUF stops the endpoint', async () => {
  const registry = open('package.json')
  const error = await requestError(registry.send('writer', chat('Once'), fresh()))
  expect([error.code, error.problem.kind]).toEqual(['model-unreadable', 'endpoint-stopped'])
  await registry.close()
})

test('a file of the Hub is downloaded when it is needed, and reported of', async () => {
  await using hub = await createHubServer({ files: { 'owner/name/a.gguf': Buffer.from('none') } })
  const cache = await mkdtemp(join(tmpdir(), 'rowsmith-llama-'))
  const environment = { HF_ENDPOINT: hub.url, HF_HOME: cache, XDG_CACHE_HOME: cache }
  const events: ModelEvent[] = []
  const codes: string[] = []
  for (const model of ['hf:owner/name/a.gguf', 'hf:owner/name/b.gguf']) {
    const registry = openRegistry(providerConfig({ provider_type: 'llama-cpp', endpoint: '' }), {
      models: [modelConfig({ model })],
      environment,
      onEvent: (event) => events.push(event),
    })
    const error = await requestError(registry.send('writer', chat('Once'), fresh()))
    codes.push(error.code)
    await registry.close()
  }
  expect(codes).toEqual(['model-unreadable', 'model-missing'])
  expect(events).toEqual([{ type: 'download-progress', path: 'a.gguf', bytes: 4, totalBytes: 4 }])
  await rm(cache, { recursive: true })
})

test('a file has room for all aliases that use it, whichever asks first', () => {
  const of = (model: string, maxParallelRequests: number): ModelTarget => ({
    model,
    operation: 'chat',
    maxTokens: null,
    dimensions: null,
    encodingFormat: 'float',
    temperature: null,
    topP: null,
    timeoutMs: 1_000,
    extraBody: {},
    maxParallelRequests,
  })
  const targets = [of('a.gguf', 1), of('./a.gguf', 6), of('b.gguf', 3)]
  const room = (cap: number | null): number[] => {
    const config = providerConfig({ max_parallel_requests: cap })
    return targets.map((target) => sequencesOf(target, { config, context: { targets } }))
  }
  expect(room(null)).toEqual([7, 7, 3])
  expect(room(6)).toEqual([6, 6, 3])
})

test('where the package can not be loaded the error says how to install it', async () => {
  const support = new URL('../../test/support/models.ts', import.meta.url).href
  const script = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve(specifier, context, next) {
        const isPackage = /node_modules\\/node-llama-cpp\\/[^?]*index.js$/.test(specifier)
        return next(isPackage ? 'no-such-package' : specifier, context)
      },
    })
    const { openRegistry, providerConfig, chat, fresh } = await import('${support}')
    const registry = openRegistry(providerConfig({ provider_type: 'llama-cpp', endpoint: '' }))
    await registry.send('writer', chat('Once'), fresh()).catch(({ code, problem, message }) => {
      console.log(code, problem.kind, message)
    })
    await registry.close()`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    script,
  ])
  expect(stdout).toMatch(/^package-broken endpoint-stopped /)
  expect(stdout).toContain('Install it again with "npm install node-llama-cpp".')
})

describe.skipIf(!present)(`with weights (${present ? weights : `none at ${weights}`})`, () => {
  const setup = { kind: llamaCpp, model: weights, slowPrompt: 'Once upon a time there was' }
  const extraBody = { temperature: 0, seed: 1 }
  test.each(providerSuite({ ...setup, extraBody }))('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined()
  })

  test('equal seeds give equal texts, others do not, and a relative path is taken', async () => {
    const prompt = 'Once upon a time, Lily found'
    const texts: string[] = []
    for (const seed of [1, 1, 2]) {
      const registry = open(relative('.', weights), { extra_body: { seed } })
      const sent = [0, 1].map(() => registry.send('writer', chat(prompt), fresh()))
      const [first, second] = await Promise.all(sent)
      expect(first?.content).toEqual(second?.content)
      expect(first?.usage.outputTokens).toBe(12)
      expect(first?.finishReason).toBe('length')
      texts.push(textOf(first?.content ?? []))
      await registry.close()
    }
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).not.toBe(texts[2])
  })

  test('a form holds the model to it', async () => {
    const schema = {
      type: 'object',
      properties: { mood: { enum: ['glad', 'sad'] }, loud: { type: 'boolean' } },
      required: ['mood', 'loud'],
    }
    const registry = open(weights, { max_tokens: 60, extra_body: { seed: 1 } })
    const format = { name: 'mood', schema }
    for (const prompt of ['A story', 'Once upon a time']) {
      const reply = await registry.send('writer', { ...chat(prompt), format }, fresh())
      expect(JSON.parse(textOf(reply.content))).toEqual({
        mood: expect.stringMatching(/^(?:glad|sad)$/),
        loud: expect.any(Boolean),
      })
    }
    await registry.close()
  })

  test('a form that has no grammar is left to the prompt', async () => {
    const registry = open(weights)
    const format = { name: 'odd', schema: { type: 'object', $ref: '#/nowhere' } }
    const reply = await registry.send('writer', { ...chat('A story'), format }, fresh())
    expect(reply.usage.outputTokens).toBeGreaterThan(0)
    await registry.close()
  })

  test('without a seed equal prompts give different texts', async () => {
    const registry = open(weights, { max_tokens: 30 })
    const first = await registry.send('writer', chat('One day'), fresh())
    const second = await registry.send('writer', chat('One day'), fresh())
    await registry.close()
    expect(first.content).not.toEqual(second.content)
  })

  test('inputs become vectors of length 1, in their order', async () => {
    const registry = openRegistry(providerConfig({ provider_type: 'llama-cpp', endpoint: '' }), {
      models: [modelConfig({ model: weights }, { generation_type: 'embedding' })],
    })
    const [checked] = await registry.check(['writer'], fresh())
    expect(checked?.outcome).toBe('ready')
    const texts = ['A little cat', 'A little cat', 'One day it rained']
    const inputs = texts.map((text) => [{ type: 'text' as const, text }])
    const reply = await registry.send('writer', { operation: 'embed', inputs }, fresh())
    const [first, second, third] = reply.vectors ?? []
    expect(first).toEqual(second)
    expect(first).not.toEqual(third)
    expect([first?.length, Math.hypot(...(third ?? []))]).toEqual([288, expect.closeTo(1, 5)])
    expect(reply.usage.inputTokens).toBeGreaterThan(9)
    const wide = { operation: 'embed', inputs, dimensions: 5 } as const
    expect(await requestError(registry.send('writer', wide, fresh()))).toMatchObject({
      code: 'unsupported-request',
      message: expect.stringContaining('288 numbers'),
    })
    const long = { operation: 'embed', inputs: [[{ type: 'text', text: longPrompt }]] } as const
    const error = await requestError(registry.send('writer', long, fresh()))
    expect([error.code, error.problem.kind]).toEqual(['context-length', 'refused'])
    await registry.close()
  })

  test('a prompt longer than the context is refused, the model stays usable', async () => {
    const registry = open(weights, { max_parallel_requests: 1 })
    const error = await requestError(registry.send('writer', chat(longPrompt), fresh()))
    expect([error.code, error.problem.kind]).toEqual(['context-length', 'refused'])
    const reply = await registry.send('writer', chat('Once upon a time'), fresh())
    expect(reply.usage.inputTokens).toBeGreaterThanOrEqual(4)
    await registry.close()
  })
})
