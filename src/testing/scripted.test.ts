import { noUsage, textOf } from '../graph/request.ts'
import { describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { providerSuite } from './provider-suite.ts'
import { createVirtualClock } from './virtual-clock.ts'
import { scriptedProvider, type Script } from './scripted.ts'

function open(script: Script, delayMs = 0) {
  const clock = createVirtualClock()
  const kind = scriptedProvider(script, { delayMs })
  const registry = openRegistry(providerConfig({ provider_type: 'scripted', endpoint: '' }), {
    table: new Map([[kind.type, kind]]),
    models: [modelConfig({}, { timeout: 5 })],
    clock,
  })
  return { clock, kind, registry }
}

describe('conformance', () => {
  const kind = scriptedProvider(({ prompt }) => ({
    text: `an answer to ${prompt}`,
    delayMs: prompt === 'slow' ? 150 : 0,
  }))
  test.each(providerSuite({ kind, model: 'test', slowPrompt: 'slow' }))(
    '$name',
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined()
    },
  )
})

test('the first rule that matches answers, each as often as it says', async () => {
  const { kind, registry } = open([
    { match: /^Name a/g, answer: 'a fox' },
    { match: 'twice', times: 2, answer: 'one of two' },
    { match: ({ prompt, repetition }) => prompt === 'twice' && repetition === 2, answer: 'third' },
    { match: 'whole', answer: { text: 'x', reasoning: 'why', finishReason: 'length' } },
  ])
  const ask = async (prompt: string) =>
    textOf((await registry.send('writer', chat(prompt), fresh())).content)
  expect([await ask('Name an animal'), await ask('Name a bird')]).toEqual(['a fox', 'a fox'])
  expect([await ask('twice'), await ask('twice'), await ask('twice')]).toEqual([
    'one of two',
    'one of two',
    'third',
  ])
  expect(await registry.send('writer', chat('the whole'), fresh())).toEqual({
    content: [{ type: 'text', text: 'x' }],
    reasoning: 'why',
    finishReason: 'length',
    model: 'test',
    usage: { ...noUsage, inputTokens: 2, outputTokens: 1 },
  })
  const error = await requestError(registry.send('writer', chat('else'), fresh()))
  expect(error.problem.kind).toBe('refused')
  expect(error.message).toContain('the script has no rule for the prompt "else"')
  expect(kind.calls.map(({ number, repetition }) => [number, repetition])).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 2],
    [5, 0],
    [6, 0],
  ])
})

test('failures are classified as those of a server', async () => {
  const { registry } = open([
    { match: '429', answer: { status: 429, retryAfterMs: 1500 } },
    { match: '401', answer: { status: 401, message: 'who are you' } },
    { match: 'cut', answer: { disconnect: true } },
  ])
  const ask = (prompt: string) => requestError(registry.send('writer', chat(prompt), fresh()))
  expect((await ask('429')).problem).toEqual({ kind: 'throttled', retryAfterMs: 1500 })
  expect(await ask('401')).toMatchObject({ code: 'unauthorized', detail: 'who are you' })
  expect(await ask('cut')).toMatchObject({ code: 'disconnected', problem: { kind: 'transient' } })
})

test('delays and timeouts run on the clock of the run', async () => {
  const { clock, kind, registry } = open(
    ({ prompt }) => ({ text: prompt, ...(prompt === 'never' ? { delayMs: 1e9 } : {}) }),
    2000,
  )
  const log: string[] = []
  const ask = (prompt: string) =>
    registry.send('writer', chat(prompt), fresh()).then(
      ({ content }) => log.push(`${textOf(content)} at ${clock.now()}`),
      (error: Error & { code?: string }) => log.push(`${error.code} at ${clock.now()}`),
    )
  const sent = [ask('a'), ask('b'), ask('never')]
  await clock.advance(1999)
  expect([log, kind.inFlight, kind.maxInFlight]).toEqual([[], 3, 3])
  await clock.advance(10_000)
  await Promise.all(sent)
  expect(log).toEqual(['a at 2000', 'b at 2000', 'timeout at 5000'])
  expect(kind.inFlight).toBe(0)
})

test('a script that throws refuses the request, which is not sent again', async () => {
  const { registry } = open(() => {
    throw new Error('a bug in the script')
  })
  const error = await requestError(registry.send('writer', chat('a'), fresh()))
  expect(error.message).toContain('the script failed: a bug in the script')
  expect(error.problem.kind).toBe('refused')
})
