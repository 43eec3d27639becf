import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import type { ModelProvider } from '../config/dataset.ts'
import { replyProblem } from '../graph/reply-shape.ts'
import { type ChatRequest, type ModelReply, textOf } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import type { ModelTarget, Provider, ProviderContext, ProviderKind } from '../models/provider.ts'
import { systemClock } from '../util/clock.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** A provider kind under test, and a model that answers. */
export interface ProviderSetup {
  kind: ProviderKind
  /** Fields of the provider's config in addition to its name and type. */
  config?: Partial<ModelProvider>
  /** A model that answers. */
  model: string
  apiKey?: string | null
  extraBody?: Record<string, unknown>
  /** A prompt that takes longer than 100 ms to answer. */
  slowPrompt: string
  /** How long an answer may take here, in milliseconds. */
  patienceMs?: number
}

/** The cases for one provider, for any test runner: `for (const each of …) test(each.name, each.run)`. */
export function providerSuite(setup: ProviderSetup): ConformanceCase[] {
  const { patienceMs = 10_000 } = setup

  function target(overrides: Partial<ModelTarget> = {}): ModelTarget {
    return {
      model: setup.model,
      operation: 'chat',
      maxTokens: 16,
      dimensions: null,
      encodingFormat: 'float',
      temperature: null,
      topP: null,
      timeoutMs: patienceMs,
      extraBody: setup.extraBody ?? {},
      maxParallelRequests: 2,
      ...overrides,
    }
  }

  async function using(use: (provider: Provider) => Promise<void>): Promise<void> {
    const provider = openProvider(setup)
    try {
      await use(provider)
    } finally {
      await provider.close()
    }
  }

  const cases: Record<string, (provider: Provider) => Promise<void>> = {
    async 'answers with text, a reason to finish and whole token counts'(provider) {
      const reply = await provider.send(target(), chat('Once upon a time'), fresh())
      checkReply(reply)
      ok(textOf(reply.content).length > 0, 'the answer is empty')
      ok(reply.usage.inputTokens > 0, 'no input tokens were counted')
      ok(reply.usage.outputTokens > 0, 'no output tokens were counted')
    },

    async 'takes system, assistant and several user messages'(provider) {
      const request: ChatRequest = {
        operation: 'chat',
        messages: [
          message('system', 'Be brief.'),
          message('user', 'Name an animal.'),
          message('assistant', 'A fox.'),
          message('user', 'Another one.'),
        ],
        sampling: { temperature: 0.5, topP: 0.9 },
      }
      checkReply(await provider.send(target(), request, fresh()))
    },

    async 'keeps concurrent answers apart'(provider) {
      const prompts = ['The red fox', 'The blue whale', 'The old owl', 'The red fox']
      const greedy = (prompt: string) => ({ ...chat(prompt), sampling: { temperature: 0 } })
      const together = await Promise.all(
        prompts.map((prompt) => provider.send(target(), greedy(prompt), fresh())),
      )
      for (const [index, prompt] of prompts.entries()) {
        const alone = await provider.send(target(), greedy(prompt), fresh())
        deepStrictEqual(
          together[index]?.content,
          alone.content,
          `the answer to "${prompt}" changed`,
        )
      }
    },

    async 'rejects with the reason when its signal has aborted before'(provider) {
      const reason = new Error('stopped by the test')
      const sent = provider.send(target(), chat('Hello'), AbortSignal.abort(reason))
      await rejects(sent, (error) => error === reason)
    },

    async 'rejects with the reason when its signal aborts on the way, and still works'(provider) {
      // What a provider loads at first is loaded by now.
      await provider.send(target(), chat('Hello'), fresh())
      const reason = new Error('stopped by the test')
      const controller = new AbortController()
      const sent = provider.send(
        target({ maxTokens: null }),
        chat(setup.slowPrompt),
        controller.signal,
      )
      setTimeout(() => controller.abort(reason), 30)
      await rejects(sent, (error) => error === reason)
      checkReply(await provider.send(target(), chat('Hello again'), fresh()))
    },

    async 'tells a timeout from an abort'(provider) {
      await provider.send(target(), chat('Hello'), fresh())
      const hasty = target({ timeoutMs: 40, maxTokens: null })
      const error = await failureOf(provider.send(hasty, chat(setup.slowPrompt), fresh()))
      ok(error instanceof RequestError, `a timeout must be a RequestError, not ${String(error)}`)
      strictEqual(error.code, 'timeout')
      deepStrictEqual(error.problem, { kind: 'transient' })
    },

    async 'proves that a model is there'(provider) {
      await provider.probe(target(), fresh())
    },

    async 'closes twice without an error'(provider) {
      await provider.send(target(), chat('Hello'), fresh())
      await provider.close()
    },
  }
  return Object.entries(cases).map(([name, run]) => ({ name, run: () => using(run) }))
}

function openProvider({ kind, config, apiKey = null }: ProviderSetup): Provider {
  const context: ProviderContext = {
    targets: [],
    apiKey,
    environment: {},
    clock: systemClock,
    directory: process.cwd(),
    onEvent: () => undefined,
    redact: (text) => (apiKey === null ? text : text.replaceAll(apiKey, '***')),
  }
  const base: ModelProvider = {
    name: 'conformance',
    endpoint: '',
    provider_type: kind.type,
    api_key: null,
    extra_body: null,
    extra_headers: null,
    max_parallel_requests: null,
    requests_per_minute: null,
    tokens_per_minute: null,
  }
  return kind.open({ ...base, ...config }, context)
}

function checkReply(reply: ModelReply): void {
  const { reasoning, finishReason } = reply
  strictEqual(replyProblem(reply, 'chat'), null)
  ok(reasoning === null || reasoning.length > 0, 'no reasoning is null, not an empty text')
  ok(finishReason.length > 0, 'the reason to finish is empty')
  ok(reply.model.length > 0, 'the reply names no model')
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('the request was expected to fail and gave a reply')
}

function message(role: 'system' | 'user' | 'assistant', text: string): ChatRequest['messages'][0] {
  return { role, content: [{ type: 'text', text }] }
}

function chat(prompt: string): ChatRequest {
  return { operation: 'chat', messages: [message('user', prompt)] }
}

function fresh(): AbortSignal {
  return new AbortController().signal
}
