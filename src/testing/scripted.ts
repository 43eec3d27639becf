import type { ModelProvider } from '../config/dataset.ts'
import {
  type Content,
  type ModelReply,
  type ModelRequest,
  noUsage,
  textOf,
  type Usage,
} from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import { messageOf } from '../util/errors.ts'
import { statusError, transportError, type Asked } from '../models/classify.ts'
import { withDeadline } from '../models/deadline.ts'
import {
  defineProvider,
  type ModelTarget,
  type Provider,
  type ProviderContext,
  type ProviderKind,
} from '../models/provider.ts'

/** One request as a script sees it. */
export interface ScriptedCall {
  /** From 0, over all requests of this provider. */
  readonly number: number
  /** Of those with the same prompt, from 0. */
  readonly repetition: number
  /** The text of the last user message; of an embedding's inputs, one a line; of an image's prompt. */
  readonly prompt: string
  readonly model: string
  readonly request: ModelRequest
}

/**
 * What a script answers: a text, parts of a reply (its text, its content, or vectors), or a failure
 * by its HTTP status. What is omitted is as in a good reply.
 */
export type ScriptedAnswer =
  | string
  | ({ text: string; delayMs?: number } & ScriptedReply)
  | ({ content: readonly Content[]; delayMs?: number } & ScriptedReply)
  | ({ vectors: readonly (Float32Array | readonly number[])[]; delayMs?: number } & ScriptedReply)
  | { status: number; message?: string; retryAfterMs?: number; delayMs?: number }
  | { disconnect: true; delayMs?: number }

type ScriptedReply = Partial<Omit<ModelReply, 'content' | 'vectors' | 'usage'>> & {
  /** Counts of words where omitted. */
  usage?: Partial<Usage>
}

/** An answer for the requests that it matches. */
export interface ScriptedRule {
  /** Part of the prompt, a pattern, or a condition; every request by default. */
  match?: string | RegExp | ((call: ScriptedCall) => boolean)
  /** How often the rule answers before the next one is asked; without end by default. */
  times?: number
  answer: ScriptedAnswer
}

/** What a scripted provider answers: a list of rules, or a function of the request. */
export type Script =
  | readonly ScriptedRule[]
  | ((call: ScriptedCall) => ScriptedAnswer | Promise<ScriptedAnswer>)

/** Options of `scriptedProvider`. */
export interface ScriptedOptions {
  /** The value of `provider_type`. */
  type?: string
  /** Added to every answer that names no delay of its own. */
  delayMs?: number
}

/** A provider kind that answers from a script, and remembers what it was asked. */
export interface ScriptedProvider extends ProviderKind {
  readonly calls: readonly ScriptedCall[]
  readonly inFlight: number
  readonly maxInFlight: number
}

/** A provider inside the process: no network, and time from the run's own clock. */
export function scriptedProvider(
  script: Script,
  { type = 'scripted', delayMs = 0 }: ScriptedOptions = {},
): ScriptedProvider {
  const calls: ScriptedCall[] = []
  const repetitions = new Map<string, number>()
  const answer = typeof script === 'function' ? script : followRules(script)
  let inFlight = 0
  let maxInFlight = 0

  async function send(
    target: ModelTarget,
    request: ModelRequest,
    { asked, context, signal }: { asked: Asked; context: ProviderContext; signal: AbortSignal },
  ): Promise<ModelReply> {
    const prompt = promptOf(request)
    const repetition = repetitions.get(prompt) ?? 0
    repetitions.set(prompt, repetition + 1)
    const call = { number: calls.length, repetition, prompt, model: target.model, request }
    calls.push(call)
    inFlight++
    maxInFlight = Math.max(maxInFlight, inFlight)
    try {
      return await withDeadline(
        async () => {
          const scripted = await answerOf(answer, call)
          const delay = scripted.delayMs ?? delayMs
          if (delay > 0) await pause(delay, context)
          return perform(scripted, call, { asked, wallTime: context.clock.wallTime() })
        },
        { timeoutMs: target.timeoutMs, clock: context.clock, signal },
      )
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw error instanceof RequestError ? error : transportError(error, asked)
    } finally {
      inFlight--
    }
  }

  function open(config: ModelProvider, context: ProviderContext): Provider {
    const asked = (target: ModelTarget): Asked => ({
      provider: config.name,
      endpoint: null,
      model: target.model,
      api: null,
      redact: context.redact,
    })
    return {
      send: (target, request, signal) =>
        send(target, request, { asked: asked(target), context, signal }),
      // A script has nothing to prove, and a probe would shift the numbers of its calls.
      async probe(_, signal) {
        signal.throwIfAborted()
      },
      async close() {},
    }
  }

  return {
    ...defineProvider({ type, remote: false, open }),
    calls,
    get inFlight() {
      return inFlight
    },
    get maxInFlight() {
      return maxInFlight
    },
  }
}

/** A script that throws has no answer for the call, which sending it again would not change. */
async function answerOf(
  answer: (call: ScriptedCall) => ScriptedAnswer | Promise<ScriptedAnswer>,
  call: ScriptedCall,
): Promise<Exclude<ScriptedAnswer, string>> {
  try {
    const given = await answer(call)
    return typeof given === 'string' ? { text: given } : given
  } catch (error) {
    if (error instanceof RequestError) throw error
    return { status: 400, message: `the script failed: ${messageOf(error)}` }
  }
}

/** What is asked, as one text: of a chat the last user message, or the last message at all. */
function promptOf(request: ModelRequest): string {
  if (request.operation === 'embed') return request.inputs.map(textOf).join('\n')
  if (request.operation === 'image') return textOf(request.prompt)
  if (request.operation === 'validate') return request.body
  if (request.operation === 'call') return JSON.stringify(request.input)
  const { messages } = request
  const message = messages.findLast(({ role }) => role === 'user') ?? messages.at(-1)
  return message === undefined ? '' : textOf(message.content)
}

function followRules(rules: readonly ScriptedRule[]): (call: ScriptedCall) => ScriptedAnswer {
  const used = new Map<ScriptedRule, number>()
  return (call) => {
    for (const rule of rules) {
      const times = used.get(rule) ?? 0
      if (times >= (rule.times ?? Number.POSITIVE_INFINITY) || !matches(rule, call)) continue
      used.set(rule, times + 1)
      return rule.answer
    }
    const start = call.prompt.slice(0, 80)
    return { status: 400, message: `the script has no rule for the prompt "${start}"` }
  }
}

function matches({ match }: ScriptedRule, call: ScriptedCall): boolean {
  if (match === undefined) return true
  if (typeof match === 'function') return match(call)
  // `search`, not `test`: a global pattern would remember where it stopped.
  return typeof match === 'string' ? call.prompt.includes(match) : call.prompt.search(match) >= 0
}

function perform(
  answer: Exclude<ScriptedAnswer, string>,
  { prompt, model }: ScriptedCall,
  { asked, wallTime }: { asked: Asked; wallTime: number },
): ModelReply {
  if ('status' in answer) {
    const text = JSON.stringify({ error: { message: answer.message ?? 'scripted' } })
    const headers =
      answer.retryAfterMs === undefined ? {} : { 'retry-after-ms': String(answer.retryAfterMs) }
    throw statusError({ status: answer.status, headers, text }, asked, wallTime)
  }
  if ('disconnect' in answer) {
    throw transportError(new Error('scripted disconnect'), asked)
  }
  const content = contentOf(answer)
  return {
    content,
    reasoning: answer.reasoning ?? null,
    ...('vectors' in answer
      ? { vectors: answer.vectors.map((one) => Float32Array.from(one)) }
      : {}),
    finishReason: answer.finishReason ?? 'stop',
    usage: { ...countWords(prompt, textOf(content)), ...answer.usage },
    model: answer.model ?? model,
    ...(answer.limits === undefined ? {} : { limits: answer.limits }),
  }
}

function contentOf(
  answer: Exclude<ScriptedAnswer, string | { status: number } | { disconnect: true }>,
): readonly Content[] {
  if ('content' in answer) return answer.content
  return 'text' in answer ? [{ type: 'text', text: answer.text }] : []
}

/** Tokens by a plain rule, so that totals can be checked by hand: one per word. */
function countWords(prompt: string, text: string): Usage {
  const words = (whole: string) => whole.split(/\s+/).filter(Boolean).length
  return { ...noUsage, inputTokens: words(prompt), outputTokens: words(text) }
}

function pause(delayMs: number, { clock }: ProviderContext): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve)
  })
}
