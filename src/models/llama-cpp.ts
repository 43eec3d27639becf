import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type {
  ChatHistoryItem,
  Llama,
  LlamaContext,
  LlamaContextSequence,
  LlamaModel,
} from 'node-llama-cpp'
import type { ModelProvider } from '../config/dataset.ts'
import {
  type ChatRequest,
  type Content,
  type ModelReply,
  type ModelRequest,
  noUsage,
  textOf,
} from '../graph/request.ts'
import { RequestError, type RequestProblem } from '../graph/request-error.ts'
import { messageOf } from '../util/errors.ts'
import { describe, noAnswer, noFormFor, transportError, type Asked } from './classify.ts'
import { TimeoutExpired, untilAborted, withDeadline } from './deadline.ts'
import { grammarFor } from './llama-grammar.ts'
import { createPool, type Pool } from './pool.ts'
import {
  defineProvider,
  type ModelTarget,
  type Provider,
  type ProviderContext,
} from './provider.ts'
import { numberFrom } from './raw-json.ts'

/** A GGUF file run inside the process by llama.cpp; `model` is its path. */
export const llamaCpp = defineProvider({
  type: 'llama-cpp',
  description: 'A GGUF file in this process, by node-llama-cpp.',
  remote: false,
  // A grammar that is made of the schema.
  outputModes: ['json_schema'],
  open: openLlamaCpp,
})

type Library = typeof import('node-llama-cpp')

interface Loaded {
  library: Library
  model: LlamaModel
  context: LlamaContext
  sequences: Pool<LlamaContextSequence>
  /** Made for instructions; without a template the model only continues a text. */
  chat: boolean
}

function openLlamaCpp(config: ModelProvider, context: ProviderContext): Provider {
  const models = new Map<string, Promise<Loaded>>()
  let engine: Promise<{ library: Library; llama: Llama }> | null = null
  /** Generations, also those that nobody waits for any more. */
  const running = new Set<Promise<ModelReply>>()
  let unseeded = 0

  function load(target: ModelTarget, asked: Asked): Promise<Loaded> {
    const path = pathOf(target.model)
    let loaded = models.get(path)
    if (loaded === undefined) {
      engine ??= startEngine(asked)
      loaded = loadModel(engine, {
        path,
        target,
        asked,
        sequences: sequencesOf(target, { config, context }),
      })
      // A file that was missing may be there when the next run of this process asks.
      loaded.catch(() => models.delete(path))
      models.set(path, loaded)
    }
    return loaded
  }

  function askedOf(target: ModelTarget): Asked {
    const { redact } = context
    return { provider: config.name, endpoint: null, model: target.model, api: null, redact }
  }

  return {
    async send(target, request, signal) {
      const asked = askedOf(target)
      checkForm(request, asked)
      const loaded = await untilAborted(load(target, asked), signal)
      const sequence = await loaded.sequences.acquire(signal)
      const seed = seedOf(target, request, () => unseeded++)
      const work = (inner: AbortSignal) => {
        const generation = generate(loaded, sequence, {
          target,
          request,
          asked,
          seed,
          signal: inner,
        })
        // Free when the generation has stopped, not when nobody waits for it any more.
        const ended = generation.finally(() => {
          loaded.sequences.release(sequence)
          running.delete(ended)
        })
        running.add(ended)
        return ended
      }
      try {
        const { timeoutMs } = target
        return await withDeadline(work, { timeoutMs, clock: context.clock, signal })
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (error instanceof RequestError) throw error
        if (error instanceof TimeoutExpired) throw transportError(error, asked)
        throw failed('inference-failed', `failed: ${messageOf(error)}.`, asked, {
          cause: error,
          problem: { kind: 'transient' },
        })
      }
    },

    // Loading proves it: an answer would show nothing more.
    async probe(target, signal) {
      await untilAborted(load(target, askedOf(target)), signal)
    },

    async close() {
      // Freeing a model under a generation that is still stopping would crash.
      await Promise.allSettled(running)
      const loaded = await Promise.allSettled(models.values())
      for (const each of loaded) {
        if (each.status === 'rejected') continue
        await each.value.context.dispose()
        await each.value.model.dispose()
      }
      // A runtime that did not start was reported to whoever asked for a model.
      const started = await engine?.catch(() => null)
      await started?.llama.dispose()
    },
  }
}

/** Requests at once over all aliases that use the file: whichever asks first, all have room. */
export function sequencesOf(
  { model, maxParallelRequests }: ModelTarget,
  { config, context }: { config: ModelProvider; context: Pick<ProviderContext, 'targets'> },
): number {
  const path = pathOf(model)
  const sharing = context.targets.filter((each) => pathOf(each.model) === path)
  const sum = sharing.reduce((units, each) => units + each.maxParallelRequests, 0)
  return Math.max(maxParallelRequests, Math.min(sum, config.max_parallel_requests ?? sum))
}

async function startEngine(asked: Asked): Promise<{ library: Library; llama: Llama }> {
  let library: Library
  try {
    library = await import('node-llama-cpp')
  } catch (error) {
    throw failed(
      'runtime-missing',
      `needs the package node-llama-cpp, which can't be loaded here (${messageOf(error)}). Install it with "npm install node-llama-cpp".`,
      asked,
      { cause: error },
    )
  }
  try {
    const llama = await library.getLlama({
      gpu: false,
      build: 'never',
      logLevel: library.LlamaLogLevel.error,
    })
    return { library, llama }
  } catch (error) {
    throw failed(
      'runtime-missing',
      `needs the llama.cpp binary for this platform, which node-llama-cpp did not find (${messageOf(error)}). Install it with "npm install --include=optional node-llama-cpp".`,
      asked,
      { cause: error },
    )
  }
}

async function loadModel(
  engine: Promise<{ library: Library; llama: Llama }>,
  {
    path,
    target,
    asked,
    sequences: count,
  }: { path: string; target: ModelTarget; asked: Asked; sequences: number },
): Promise<Loaded> {
  const { library, llama } = await engine
  try {
    await access(path)
  } catch (error) {
    throw failed(
      'model-missing',
      `has no file at ${path}. "model" is the path of a GGUF file, relative to the working directory.`,
      asked,
      { cause: error },
    )
  }
  try {
    const model = await llama.loadModel({ modelPath: path })
    const context = await model.createContext({
      sequences: count,
      contextSize: model.trainContextSize,
      // More threads wait for each other in spin locks when the machine does anything else.
      threads: numberFrom(target.extraBody['threads']) ?? 1,
    })
    const sequences = createPool(Array.from({ length: count }, () => context.getSequence()))
    const { tokenizer } = model.fileInfo.metadata
    return { library, model, context, sequences, chat: Boolean(tokenizer.chat_template) }
  } catch (error) {
    throw failed(
      'model-unreadable',
      `can't be loaded from ${path}: ${messageOf(error)}. It has to be a GGUF file that fits in memory.`,
      asked,
      { cause: error },
    )
  }
}

interface Generation {
  target: ModelTarget
  request: ChatRequest
  asked: Asked
  seed: number
  signal: AbortSignal
}

async function generate(
  { library, chat }: Loaded,
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
  library: Library
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

/** Only chat of texts: anything else would be left out of the prompt without a word. */
function checkForm(request: ModelRequest, asked: Asked): asserts request is ChatRequest {
  if (request.operation !== 'chat') {
    throw noFormFor(request.operation === 'embed' ? 'embeddings' : 'making images', asked)
  }
  if (request.tools !== undefined && request.tools.length > 0) throw noFormFor('tools', asked)
  const isText = ({ type }: Content): boolean => type === 'text'
  const other = request.messages.find(({ content }) => !content.every(isText))
  if (other !== undefined) throw noFormFor('anything but text', asked)
}

/**
 * The sampler's seed: the request's text with `extra_body.seed`, so that equal requests give equal
 * texts; without one, with a running number, so that equal prompts give different texts.
 */
function seedOf(target: ModelTarget, request: ChatRequest, next: () => number): number {
  const seed = numberFrom(target.extraBody['seed']) ?? next()
  let hash = 0x811c9dc5
  for (const character of `${seed}\n${JSON.stringify(request.messages)}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  return hash >>> 0
}

function pathOf(model: string): string {
  return resolve(model.replace(/^~(?=$|[/\\])/, homedir()))
}

function failed(
  code: string,
  what: string,
  asked: Asked,
  { cause, problem = { kind: 'endpoint-stopped' } }: { cause: unknown; problem?: RequestProblem },
): RequestError {
  const { redact } = asked
  return new RequestError(code, redact(`${describe(asked)} ${what}`), problem, {
    cause: new Error(redact(messageOf(cause))),
  })
}

function tooLong(promptTokens: number, contextSize: number, asked: Asked): RequestError {
  return new RequestError(
    'context-length',
    `${describe(asked)} can't take this prompt: it has ${promptTokens} tokens, and the context of the model is ${contextSize} tokens for prompt and answer. Shorten the prompt.`,
    { kind: 'refused' },
  )
}
