import type { ChatHistoryItem, LlamaContextSequence } from 'node-llama-cpp'
import {
  type ChatRequest,
  type Content,
  type ModelReply,
  noUsage,
  textOf,
} from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import { type Asked, describe, noAnswer, noFormFor } from './classify.ts'
import type { LoadedFile } from './llama-engine.ts'
import { grammarFor } from './llama-grammar.ts'
import type { ModelTarget } from './provider.ts'
import { numberFrom } from './raw-json.ts'

interface Generation {
  target: ModelTarget
  request: ChatRequest
  asked: Asked
  seed: number
  signal: AbortSignal
}

/** One answer, made in a sequence that nothing else uses meanwhile. */
export async function generate(
  { library, chat }: LoadedFile,
  sequence: LlamaContextSequence,
  { target, request, asked, seed, signal }: Generation,
): Promise<ModelReply> {
  await sequence.clearHistory()
  const before = sequence.tokenMeter.getState()
  const options = {
    signal,
    seed,
    temperature:
      request.sampling?.temperature ??
      numberFrom(target.extraBody['temperature']) ??
      target.temperature ??
      0.8,
    topP: request.sampling?.topP ?? numberFrom(target.extraBody['top_p']) ?? target.topP ?? 0.95,
  }
  // One token for the start of the text, one for at least something to say.
  const room = (promptTokens: number) => {
    const left = sequence.contextSize - promptTokens - 1
    if (left < 1) throw tooLong(promptTokens, sequence.contextSize, asked)
    return Math.min(left, target.maxTokens ?? numberFrom(target.extraBody['max_tokens']) ?? left)
  }
  const { text, stopReason } = chat
    ? await answer(sequence, { library, request, room, options })
    : await continueText(sequence, { library, request, room, options })
  const used = sequence.tokenMeter.diff(before)
  const usage = {
    ...noUsage,
    inputTokens: used.usedInputTokens,
    outputTokens: used.usedOutputTokens,
  }
  if (text.trim() === '' && stopReason === 'maxTokens') {
    throw noAnswer(text, { refusal: null, finishReason: 'length', asked, usage })
  }
  return {
    content: text === '' ? [] : [{ type: 'text', text }],
    reasoning: null,
    finishReason: stopReason === 'maxTokens' ? 'length' : 'stop',
    usage,
    model: target.model,
  }
}

interface Work {
  library: LoadedFile['library']
  request: ChatRequest
  /** How many tokens there may be after a prompt of so many. */
  room: (promptTokens: number) => number
  options: { signal: AbortSignal; seed: number; temperature: number; topP: number }
}

interface Generated {
  text: string
  stopReason: string
}

async function answer(
  sequence: LlamaContextSequence,
  { library, request, room, options }: Work,
): Promise<Generated> {
  const history = request.messages.map(historyItem)
  const dialogue = new library.LlamaChat({ contextSequence: sequence })
  try {
    const { contextText } = dialogue.chatWrapper.generateContextState({
      chatHistory: [...history, { type: 'model', response: [] }],
    })
    const maxTokens = room(contextText.tokenize(sequence.model.tokenizer).length)
    const grammar = await grammarFor(sequence.model, request)
    const { response, metadata } = await dialogue.generateResponse(history, {
      ...options,
      maxTokens,
      ...(grammar === null ? {} : { grammar }),
    })
    return { text: response, stopReason: metadata.stopReason }
  } finally {
    // Otherwise the sequence, which lives on, keeps a listener of every dialogue there was.
    dialogue.dispose({ disposeSequence: false })
  }
}

async function continueText(
  sequence: LlamaContextSequence,
  { library, request, room, options }: Work,
): Promise<Generated> {
  const prompt = request.messages.map(({ content }) => textOf(content)).join('\n\n')
  const maxTokens = room(sequence.model.tokenize(prompt).length)
  const completion = new library.LlamaCompletion({ contextSequence: sequence })
  try {
    const grammar = await grammarFor(sequence.model, request)
    const { response, metadata } = await completion.generateCompletionWithMeta(prompt, {
      ...options,
      maxTokens,
      ...(grammar === null ? {} : { grammar }),
      disableContextShift: true,
    })
    return { text: response, stopReason: metadata.stopReason }
  } finally {
    completion.dispose({ disposeSequence: false })
  }
}

function historyItem({ role, content }: ChatRequest['messages'][number]): ChatHistoryItem {
  const text = textOf(content)
  if (role === 'system') return { type: 'system', text }
  return role === 'assistant' ? { type: 'model', response: [text] } : { type: 'user', text }
}

/** Only texts: anything else would be omitted from the prompt without a word. */
export function checkChat(request: ChatRequest, asked: Asked): void {
  if (request.tools !== undefined && request.tools.length > 0) throw noFormFor('tools', asked)
  const isText = ({ type }: Content): boolean => type === 'text'
  const other = request.messages.find(({ content }) => !content.every(isText))
  if (other !== undefined) throw noFormFor('anything but text', asked)
}

/**
 * The sampler's seed: the request's text with `extra_body.seed`, so that equal requests give equal
 * texts; without one, with a running number, so that equal prompts give different texts.
 */
export function seedOf(target: ModelTarget, request: ChatRequest, next: () => number): number {
  const seed = numberFrom(target.extraBody['seed']) ?? next()
  let hash = 0x811c9dc5
  for (const character of `${seed}\n${JSON.stringify(request.messages)}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  return hash >>> 0
}

export function tooLong(promptTokens: number, contextSize: number, asked: Asked): RequestError {
  return new RequestError(
    'context-length',
    `${describe(asked)} can't take this prompt: it has ${promptTokens} tokens, and the context of the model is ${contextSize} tokens for prompt and answer. Shorten the prompt.`,
    { kind: 'refused' },
  )
}
