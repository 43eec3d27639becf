import type { ModelProvider } from '../config/dataset.ts'
import { type ChatRequest, type ModelReply, noUsage, textOf } from '../graph/request.ts'
import { type Asked, noFormFor } from './classify.ts'
import { exampleText, hashText } from './example-text.ts'
import { exampleValue } from './example-value.ts'
import { failed } from './provider-failure.ts'
import { defineProvider, type Provider, type ProviderContext } from './provider.ts'
import { plainJson } from './raw-json.ts'

/** Answers without a model: for trying a config before there is a key, and for tests of one. */
export const standIn = defineProvider({
  type: 'stand-in',
  description:
    'No model: it picks answers from lists in `settings`, or invents them in the requested form.',
  remote: false,
  operations: ['chat', 'embed'],
  outputModes: ['json_schema'],
  open: openStandIn,
})

/** Answers by the name of the model that gives them. */
type Answers = Readonly<Record<string, readonly unknown[]>>

/** Words of a text that is made up. */
const usualWords = 24
/** Numbers of a vector where the config names none. */
const usualDimensions = 8

function openStandIn(config: ModelProvider, { redact }: ProviderContext): Provider {
  const settings = config.settings === null ? {} : plainJson(config.settings)

  function askedOf(model: string): Asked {
    return { provider: config.name, endpoint: null, model, api: null, redact }
  }

  return {
    async send(target, request, signal) {
      signal.throwIfAborted()
      const { model } = target
      const asked = askedOf(model)
      if (request.operation === 'embed') {
        const dimensions = request.dimensions ?? target.dimensions ?? usualDimensions
        const vectors = request.inputs.map((input) => vectorOf(textOf(input), dimensions))
        return { ...reply('', '', model), content: [], vectors }
      }
      if (request.operation !== 'chat') {
        throw noFormFor(request.operation === 'image' ? 'making images' : 'validating', asked)
      }
      const listed = answersIn(settings, asked)[model] ?? []
      const prompt = request.messages.map(({ content }) => textOf(content)).join('\n')
      const chosen = listed[mixed(hashText(prompt)) % listed.length]
      return reply(prompt, chosen === undefined ? madeUp(request, prompt) : textFor(chosen), model)
    },
    async probe({ model }, signal) {
      signal.throwIfAborted()
      answersIn(settings, askedOf(model))
    },
    async close() {},
  }
}

function answersIn(settings: unknown, asked: Asked): Answers {
  const { answers = {} } = settings as { answers?: unknown }
  const isTable =
    typeof answers === 'object' &&
    answers !== null &&
    Object.values(answers).every((list) => Array.isArray(list) && list.length > 0)
  // Every value was looked at.
  if (isTable) return answers as Answers
  throw failed(
    'settings-invalid',
    'expects in "settings" a mapping "answers" from the name of a model to a list of its answers.',
    asked,
  )
}

/** Spreads a hash over all of its bits: FNV's low ones follow the last letters. */
function mixed(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35)
  return (second ^ (second >>> 16)) >>> 0
}

function textFor(answer: unknown): string {
  return typeof answer === 'string' ? answer : JSON.stringify(answer)
}

function madeUp({ format }: ChatRequest, prompt: string): string {
  const text = exampleText(prompt, usualWords)
  if (format !== undefined) return JSON.stringify(exampleValue(format.schema, text))
  const fence = /```([a-z]+)/.exec(prompt)?.[1]
  return fence === undefined ? text : `\`\`\`${fence}\n${text}\n\`\`\``
}

function reply(prompt: string, text: string, model: string): ModelReply {
  return {
    content: [{ type: 'text', text }],
    reasoning: null,
    finishReason: 'stop',
    usage: { ...noUsage, inputTokens: countWords(prompt), outputTokens: countWords(text) },
    model,
  }
}

function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length
}

/** Equal texts have equal vectors; its length is 1. */
function vectorOf(text: string, dimensions: number): Float32Array {
  const numbers = Array.from(
    { length: dimensions },
    (_, at) => hashText(`${at} ${text}`) / 2 ** 31 - 1,
  )
  const length = Math.hypot(...numbers)
  return Float32Array.from(numbers, (number) => number / length)
}
