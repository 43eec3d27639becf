import type { ModelProvider } from '../config/dataset.ts'
import { messageOf } from '../util/errors.ts'
import { type Asked, noFormFor } from './classify.ts'
import { untilAborted } from './deadline.ts'
import { withToken } from './hub-address.ts'
import { createLocalWork } from './local-work.ts'
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
  const work = createLocalWork(clock)

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
      const { timeoutMs } = target
      return work.within({ timeoutMs, signal, asked }, (inner) =>
        embedOnnx(model, { target, request, asked, signal: inner }),
      )
    },

    // Loading proves it.
    async probe(target, signal) {
      await untilAborted(load(target, askedOf(target)), signal)
    },

    async close() {
      closing.abort(new Error('the provider is closed'))
      await work.settled()
      const loaded = await Promise.allSettled(models.values())
      models.clear()
      for (const each of loaded) {
        if (each.status === 'fulfilled') await each.value.session.release()
      }
    },
  }
}
