import type { ModelProvider } from '../config/dataset.ts'
import type { ModelReply } from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import { messageOf } from '../util/errors.ts'
import { type Asked, noFormFor, transportError } from './classify.ts'
import { TimeoutExpired, untilAborted, withDeadline } from './deadline.ts'
import { withToken } from './hub-address.ts'
import { embedOnnx, mostTokensOf, type OnnxModel } from './onnx-embedder.ts'
import { findOnnxFiles } from './onnx-files.ts'
import { loadRuntime } from './onnx-runtime.ts'
import { packageFolders } from './project-package.ts'
import {
  defineProvider,
  type ModelTarget,
  type Provider,
  type ProviderContext,
} from './provider.ts'
import { failed } from './provider-failure.ts'
import { numberFrom } from './raw-json.ts'

/** Embeddings by a network in ONNX form, in this process; `model` is its folder, or where the Hub has it. */
export const onnx = defineProvider({
  type: 'onnx',
  description: 'Embeddings of an ONNX model in this process, by onnxruntime-node.',
  remote: false,
  operations: ['embed'],
  open: openOnnx,
})

function openOnnx(config: ModelProvider, context: ProviderContext): Provider {
  const { clock, apiKey, onEvent } = context
  const environment = withToken(context.environment, apiKey)
  const folders = packageFolders(context.directory)
  const closing = new AbortController()
  const models = new Map<string, Promise<OnnxModel>>()
  /** Runs, also those that no one waits for any more. */
  const running = new Set<Promise<ModelReply>>()

  function askedOf({ model }: ModelTarget): Asked {
    return { provider: config.name, endpoint: null, model, api: null, redact: context.redact }
  }

  function load(target: ModelTarget, asked: Asked): Promise<OnnxModel> {
    const { file } = target.extraBody
    const key = JSON.stringify([target.model, file])
    let loaded = models.get(key)
    if (loaded === undefined) {
      loaded = make(target, typeof file === 'string' ? file : null, asked)
      // What was missing may be there when the next run of this process asks.
      loaded.catch(() => models.delete(key))
      models.set(key, loaded)
    }
    return loaded
  }

  async function make(target: ModelTarget, file: string | null, asked: Asked): Promise<OnnxModel> {
    const { runtime, tokenizers } = await loadRuntime({ folders, asked })
    const hub = { environment, clock, signal: closing.signal, onEvent }
    const files = await findOnnxFiles({ model: target.model, file, asked, hub })
    try {
      const session = await runtime.InferenceSession.create(files.network, {
        intraOpNumThreads: numberFrom(target.extraBody['threads']) ?? 1,
        logSeverityLevel: 3,
      })
      const tokenizer = new tokenizers.Tokenizer(files.tokenizer, files.tokenizerConfig)
      return { runtime, session, tokenizer, mostTokens: mostTokensOf(files) }
    } catch (error) {
      throw failed(
        'model-unreadable',
        `can't be loaded from ${files.network}: ${messageOf(error)}.`,
        asked,
        { cause: error },
      )
    }
  }

  return {
    async send(target, request, signal) {
      const asked = askedOf(target)
      if (request.operation !== 'embed') throw noFormFor('anything but embeddings', asked)
      const model = await untilAborted(load(target, asked), signal)
      const work = (inner: AbortSignal): Promise<ModelReply> => {
        const ended = embedOnnx(model, { target, request, asked, signal: inner }).finally(() =>
          running.delete(ended),
        )
        running.add(ended)
        return ended
      }
      try {
        return await withDeadline(work, { timeoutMs: target.timeoutMs, clock, signal })
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

    // Loading proves it.
    async probe(target, signal) {
      await untilAborted(load(target, askedOf(target)), signal)
    },

    async close() {
      closing.abort(new Error('the provider is closed'))
      // Freeing a network under a run would crash.
      await Promise.allSettled(running)
      const loaded = await Promise.allSettled(models.values())
      models.clear()
      for (const each of loaded) {
        if (each.status === 'fulfilled') await each.value.session.release()
      }
    },
  }
}
