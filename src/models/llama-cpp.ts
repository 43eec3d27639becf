import type { LlamaContext, LlamaContextSequence, LlamaEmbeddingContext } from 'node-llama-cpp'
import type { ModelProvider } from '../config/dataset.ts'
import type { ModelRequest } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import { messageOf } from '../util/errors.ts'
import { type Asked, noFormFor } from './classify.ts'
import { untilAborted } from './deadline.ts'
import { withToken } from './hub-address.ts'
import { checkChat, generate, seedOf } from './llama-chat.ts'
import { createEmbedder, embed } from './llama-embedding.ts'
import { type Engine, fileKey, type LoadedFile, loadFile, startEngine } from './llama-engine.ts'
import { createLocalWork } from './local-work.ts'
import { failed } from './provider-failure.ts'
import { createPool, type Pool } from './pool.ts'
import { packageFolders } from './project-package.ts'
import {
  defineProvider,
  type ModelTarget,
  type Provider,
  type ProviderContext,
} from './provider.ts'
import { numberFrom } from './raw-json.ts'

/** A GGUF file run inside the process by llama.cpp; `model` is its path, or where the Hub has it. */
export const llamaCpp = defineProvider({
  type: 'llama-cpp',
  description: 'A GGUF file in this process, by node-llama-cpp.',
  remote: false,
  operations: ['chat', 'embed'],
  // A grammar that is made of the schema.
  outputModes: ['json_schema'],
  open: openLlamaCpp,
})

interface Chats {
  context: LlamaContext
  sequences: Pool<LlamaContextSequence>
}

function openLlamaCpp(config: ModelProvider, context: ProviderContext): Provider {
  const { clock, environment, apiKey, onEvent } = context
  const folders = packageFolders(context.directory)
  const files = new Map<string, Promise<LoadedFile>>()
  const chats = new Map<string, Promise<Chats>>()
  const embedders = new Map<string, Promise<LlamaEmbeddingContext>>()
  const closing = new AbortController()
  let engine: Promise<Engine> | null = null
  const work = createLocalWork(clock)
  let unseeded = 0

  function load(target: ModelTarget, asked: Asked): Promise<LoadedFile> {
    engine ??= startEngine(folders, asked)
    const starting = engine
    const hub = {
      environment: withToken(environment, apiKey),
      clock,
      signal: closing.signal,
      onEvent,
    }
    return once(files, fileKey(target.model), () =>
      loadFile(starting, { model: target.model, asked, hub }),
    )
  }

  function loadChats(target: ModelTarget, asked: Asked): Promise<Chats> {
    return once(chats, fileKey(target.model), async () => {
      const { model } = await load(target, asked)
      const count = sequencesOf(target, { config, context })
      try {
        const made = await model.createContext({
          sequences: count,
          contextSize: model.trainContextSize,
          // More threads wait for each other in spin locks when the machine does anything else.
          threads: numberFrom(target.extraBody['threads']) ?? 1,
        })
        const sequences = Array.from({ length: count }, () => made.getSequence())
        return { context: made, sequences: createPool(sequences) }
      } catch (error) {
        throw unusable('answers', error, asked)
      }
    })
  }

  function loadEmbedder(target: ModelTarget, asked: Asked): Promise<LlamaEmbeddingContext> {
    return once(embedders, fileKey(target.model), async () => {
      const file = await load(target, asked)
      try {
        return await createEmbedder(file, target)
      } catch (error) {
        throw unusable('vectors', error, asked)
      }
    })
  }

  function askedOf(target: ModelTarget): Asked {
    const { redact } = context
    return { provider: config.name, endpoint: null, model: target.model, api: null, redact }
  }

  return {
    async send(target: ModelTarget, request: ModelRequest, signal: AbortSignal) {
      const asked = askedOf(target)
      if (request.operation === 'embed') {
        const embedder = await untilAborted(loadEmbedder(target, asked), signal)
        return work.within({ timeoutMs: target.timeoutMs, signal, asked }, (inner) =>
          embed(embedder, { target, request, asked, signal: inner }),
        )
      }
      if (request.operation !== 'chat') {
        throw noFormFor(request.operation === 'image' ? 'making images' : 'validating', asked)
      }
      checkChat(request, asked)
      const file = await untilAborted(load(target, asked), signal)
      const { sequences } = await untilAborted(loadChats(target, asked), signal)
      const sequence = await sequences.acquire(signal)
      const seed = seedOf(target, request, () => unseeded++)
      return work.within({ timeoutMs: target.timeoutMs, signal, asked }, (inner) =>
        generate(file, sequence, { target, request, asked, seed, signal: inner }).finally(() =>
          sequences.release(sequence),
        ),
      )
    },

    // Loading proves it: an answer would show nothing more.
    async probe(target, signal) {
      const asked = askedOf(target)
      const loading =
        target.operation === 'embed' ? loadEmbedder(target, asked) : loadChats(target, asked)
      await untilAborted<unknown>(loading, signal)
    },

    async close() {
      closing.abort(new Error('the provider is closed'))
      // Freeing a model under work that is still stopping would crash.
      await work.settled()
      for (const { context: made } of await settled(chats)) await made.dispose()
      for (const embedder of await settled(embedders)) await embedder.dispose()
      for (const { model } of await settled(files)) await model.dispose()
      // A runtime that did not start was reported to whoever asked for a model.
      const started = await engine?.catch(() => null)
      await started?.llama.dispose()
    },
  }
}

/** Made on first use; what failed, such as a file that was missing, is tried again. */
function once<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let made = known.get(key)
  if (made === undefined) {
    made = make()
    made.catch(() => known.delete(key))
    known.set(key, made)
  }
  return made
}

async function settled<T>(known: ReadonlyMap<string, Promise<T>>): Promise<T[]> {
  const results = await Promise.allSettled(known.values())
  return results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}

function unusable(what: string, error: unknown, asked: Asked): RequestError {
  if (error instanceof RequestError) return error
  return failed(
    'model-unreadable',
    `can't be used for ${what}: ${messageOf(error)}. It must fit in memory.`,
    asked,
    { cause: error },
  )
}

/** Requests at once over all aliases that chat with the file: whichever asks first, all have room. */
export function sequencesOf(
  { model, maxParallelRequests }: ModelTarget,
  { config, context }: { config: ModelProvider; context: Pick<ProviderContext, 'targets'> },
): number {
  const key = fileKey(model)
  const sharing = context.targets.filter(
    ({ model: other, operation }) => operation === 'chat' && fileKey(other) === key,
  )
  const sum = sharing.reduce((units, each) => units + each.maxParallelRequests, 0)
  return Math.max(maxParallelRequests, Math.min(sum, config.max_parallel_requests ?? sum))
}
