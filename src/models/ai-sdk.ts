import type { EmbeddingModelV4, ImageModelV4, LanguageModelV4 } from '@ai-sdk/provider'
import type { ModelProvider } from '../config/dataset.ts'
import {
  addUsage,
  type ChatRequest,
  type EmbedRequest,
  type ImageRequest,
  type ModelReply,
  type ModelRequest,
  noUsage,
  textMessage,
  textOf,
} from '../graph/request.ts'
import { RequestError } from '../graph/request-error.ts'
import { type Asked, noFormFor, shownAddress } from './classify.ts'
import { untilAborted, withDeadline } from './deadline.ts'
import { createDownloader } from './download.ts'
import { embeddedValues } from './embedded-values.ts'
import {
  defineProvider,
  type ModelTarget,
  type Provider,
  type ProviderContext,
  type ProviderKind,
} from './provider.ts'
import { packageFolders } from './project-package.ts'
import { failed } from './provider-failure.ts'
import { proxyFor } from './proxies.ts'
import { readRateLimits } from './rate-headers.ts'
import { plainJson } from './raw-json.ts'
import { sdkError } from './sdk-error.ts'
import { createFetch, createSdkConnections } from './sdk-fetch.ts'
import { createMediaFetch } from './sdk-media.ts'
import { readSdkOptions, type SdkOptions } from './sdk-options.ts'
import { checkVersion, loadSdkPackage, makeSdkProvider, type SdkProvider } from './sdk-package.ts'
import { readSdkChat, readSdkImages, readSdkVectors } from './sdk-reply.ts'
import { imageFiles, writeSdkChat } from './sdk-request.ts'
import { createSdkWarnings } from './sdk-warnings.ts'

/** A package of the AI SDK, by its name: `@ai-sdk/google`. It is loaded with the first request. */
export function aiSdkKind(packageName: string): ProviderKind {
  return defineProvider({
    type: packageName,
    description: `Models of the package ${packageName}, by the specification of the AI SDK.`,
    remote: true,
    knowsAddress: true,
    outputModes: ['json_schema', 'bare_schema', 'tool_call', 'json_object'],
    open: (config, context) => openAiSdk(packageName, config, context),
  })
}

/** One alias's provider, whose `fetch` has the alias's own limits and fields. */
interface Opened {
  provider: SdkProvider
  options: SdkOptions
}

interface Call {
  target: ModelTarget
  opened: Opened
  asked: Asked
  signal: AbortSignal
}

function openAiSdk(packageName: string, config: ModelProvider, context: ProviderContext): Provider {
  const { clock } = context
  const connections = createSdkConnections(context.environment, clock)
  const downloads = createDownloader({ environment: context.environment, clock })
  const folders = packageFolders(context.directory)
  const warn = createSdkWarnings((problem) => context.onEvent({ type: 'warning', problem }))
  const opened = new Map<string, Promise<Opened>>()

  const address = URL.parse(config.endpoint)
  const asksThrough = address === null ? null : proxyFor(address, context.environment)

  function askedOf({ model }: ModelTarget): Asked {
    return {
      provider: config.name,
      endpoint: config.endpoint === '' ? null : shownAddress(config.endpoint),
      proxy: asksThrough === null ? null : shownAddress(asksThrough.address),
      model,
      api: null,
      redact: (text) => connections.redact(context.redact(text)),
    }
  }

  /** Aliases that send the same share one. */
  function open(target: ModelTarget, asked: Asked): Promise<Opened> {
    const key = JSON.stringify([target.timeoutMs, target.extraBody])
    let known = opened.get(key)
    if (known === undefined) {
      known = make(target, asked)
      // A package that was missing may be there when the next run of this process asks.
      known.catch(() => opened.delete(key))
      opened.set(key, known)
    }
    return known
  }

  async function make(target: ModelTarget, asked: Asked): Promise<Opened> {
    const create = await loadSdkPackage(packageName, { folders, asked })
    const options = readSdkOptions(target.extraBody)
    const { endpoint, extra_headers: headers, settings } = config
    const { apiKey } = context
    let provider: SdkProvider | null
    try {
      provider = makeSdkProvider(create, {
        // Without it the compatible ones send no schema; others don't know the word.
        supportsStructuredOutputs: true,
        // A mapping gives an object.
        ...(plainJson(settings ?? {}) as Record<string, unknown>),
        name: config.name,
        ...(endpoint === '' ? {} : { baseURL: endpoint }),
        ...(apiKey === null ? {} : { apiKey }),
        ...(headers === null ? {} : { headers }),
        fetch: createFetch(connections, { timeoutMs: target.timeoutMs, fields: options.fields }),
      })
    } catch (error) {
      throw sdkError(error, asked, clock.wallTime())
    }
    if (provider !== null) return { provider, options }
    throw failed(
      'package-unsuitable',
      `can't use the package ${packageName}: its provider has no "languageModel".`,
      asked,
    )
  }

  /** Runs a call within its time, and classifies how it failed. */
  async function within<T>(
    target: ModelTarget,
    signal: AbortSignal,
    work: (call: Call) => Promise<T>,
  ): Promise<T> {
    const asked = askedOf(target)
    const { timeoutMs } = target
    try {
      const ready = await untilAborted(open(target, asked), signal)
      return await withDeadline((inner) => work({ target, opened: ready, asked, signal: inner }), {
        timeoutMs,
        clock,
        signal,
      })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw sdkError(error, asked, clock.wallTime())
    }
  }

  function withLimits(reply: ModelReply, headers: Record<string, string> | undefined): ModelReply {
    const limits = readRateLimits(headers ?? {}, clock.wallTime())
    return limits === null ? reply : { ...reply, limits }
  }

  function chatModel({ opened: { provider }, target, asked }: Call): LanguageModelV4 {
    const model = provider.languageModel(target.model)
    checkVersion(packageName, model, asked)
    return model
  }

  function embeddingModel({ opened: { provider }, target, asked }: Call): EmbeddingModelV4 {
    const model = provider.embeddingModel?.(target.model)
    if (model === undefined) throw noFormFor('embeddings', asked)
    checkVersion(packageName, model, asked)
    return model
  }

  /** Null where the package has no models for images of that name: then a chat may show some. */
  function imageModel({ opened: { provider }, target, asked }: Call): ImageModelV4 | null {
    let model: ImageModelV4 | undefined
    try {
      model = provider.imageModel?.(target.model)
    } catch (error) {
      if (error instanceof Error && error.name === 'AI_NoSuchModelError') return null
      throw error
    }
    if (model === undefined) return null
    checkVersion(packageName, model, asked)
    return model
  }

  async function chat(call: Call, request: ChatRequest): Promise<ModelReply> {
    const {
      target,
      asked,
      signal,
      opened: { options },
    } = call
    const model = chatModel(call)
    const supported = await model.supportedUrls
    const fetched = createMediaFetch({ supported, downloads, signal, asked })
    const written = await writeSdkChat(target, request, { options, fetched, asked })
    const result = await model.doGenerate({ ...written, abortSignal: signal })
    warn(result.warnings, asked)
    const hasForm = request.format !== undefined
    return withLimits(readSdkChat(result, { target, asked, hasForm }), result.response?.headers)
  }

  /** In as many calls as the model needs for so many inputs. */
  async function embed(call: Call, request: EmbedRequest): Promise<ModelReply> {
    const {
      target,
      asked,
      signal,
      opened: { options },
    } = call
    const model = embeddingModel(call)
    const values = embeddedValues(request.inputs, asked)
    const dimensions = request.dimensions ?? target.dimensions
    const most = (await model.maxEmbeddingsPerCall) ?? values.length
    const vectors: Float32Array[] = []
    let usage = { ...noUsage }
    let headers: Record<string, string> | undefined
    for (let from = 0; from < values.length; from += most) {
      const some = values.slice(from, from + most)
      const result = await model.doEmbed({
        values: some,
        ...(dimensions === null ? {} : { dimensions }),
        providerOptions: options.providerOptions,
        abortSignal: signal,
      })
      warn(result.warnings, asked)
      const read = readSdkVectors(result, { inputs: some.length, dimensions, asked })
      vectors.push(...read.vectors)
      usage = addUsage(usage, read.usage)
      headers = result.response?.headers
    }
    const reply = { content: [], reasoning: null, vectors, finishReason: 'stop', usage }
    return withLimits({ ...reply, model: target.model }, headers)
  }

  async function image(call: Call, request: ImageRequest): Promise<ModelReply> {
    const {
      target,
      asked,
      signal,
      opened: { options },
    } = call
    const model = imageModel(call)
    if (model === null) {
      const messages = [{ role: 'user' as const, content: request.prompt }]
      const reply = await chat(call, { operation: 'chat', messages })
      const images = reply.content.filter(({ type }) => type === 'media').length
      return { ...reply, usage: { ...reply.usage, images } }
    }
    const { maxImagesPerCall: most } = model
    const bound = typeof most === 'function' ? await most({ modelId: target.model }) : most
    const files = imageFiles(request.prompt, asked)
    const result = await model.doGenerate({
      prompt: textOf(request.prompt),
      // A model that makes fewer is asked again.
      n: Math.min(request.count, bound ?? request.count),
      size: options.size,
      aspectRatio: options.aspectRatio,
      seed: options.call.seed,
      files: files.length === 0 ? undefined : files,
      mask: undefined,
      providerOptions: options.providerOptions,
      abortSignal: signal,
    })
    warn(result.warnings, asked)
    return withLimits(readSdkImages(result, { target, asked }), result.response.headers)
  }

  function ask(call: Call, request: ModelRequest): Promise<ModelReply> {
    if (request.operation === 'chat') return chat(call, request)
    if (request.operation === 'validate' || request.operation === 'call') {
      throw noFormFor('what is asked of services', call.asked)
    }
    return request.operation === 'embed' ? embed(call, request) : image(call, request)
  }

  /** The smallest request there is; an image would cost what a cell costs. */
  async function greet(target: ModelTarget, signal: AbortSignal): Promise<void> {
    await within(target, signal, async (call) => {
      if (target.operation === 'image') {
        if (imageModel(call) === null) chatModel(call)
      } else if (target.operation === 'embed') {
        await embed(call, { operation: 'embed', inputs: [[{ type: 'text', text: 'Hi' }]] })
      } else {
        await chat(call, { operation: 'chat', messages: [textMessage('user', 'Hi')] })
      }
    })
  }

  return {
    send: (target, request, signal) => within(target, signal, (call) => ask(call, request)),
    async probe(target, signal) {
      const hasBound = target.operation === 'chat'
      const extraBody = hasBound ? { ...target.extraBody, max_tokens: 1 } : target.extraBody
      try {
        await greet({ ...target, extraBody }, signal)
      } catch (error) {
        if (!(error instanceof RequestError)) throw error
        // A 429 and an unusable answer prove that address, key and model are right.
        if (error.problem.kind === 'throttled' || provesModel(error)) return
        // Some models refuse a bound as small as this; real requests may go through.
        if (error.problem.kind !== 'refused' || !hasBound) throw error
        await greet(target, signal)
      }
    },
    async close() {
      opened.clear()
      await Promise.all([connections.close(), downloads.close()])
    },
  }
}

function provesModel({ code }: RequestError): boolean {
  return code === 'out-of-tokens' || code === 'content-filter' || code === 'model-refused'
}
