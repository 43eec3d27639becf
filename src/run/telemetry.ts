import type * as Api from '@opentelemetry/api'
import { pathToFileURL } from 'node:url'
import { packageFolders } from '../models/project-package.ts'
import { failureCode, type RequestWatcher, type SentRequest } from '../scheduler/request-watcher.ts'
import { findPackage } from '../threads/find-package.ts'
import { messageOf } from '../util/errors.ts'
import type { RunEvent } from './run-event.ts'

/** Traces and metrics of a run, by the OpenTelemetry SDK that the program has set up. */
export interface Telemetry extends AsyncDisposable {
  note(event: RunEvent): void
  watcherOf(columnName: (column: number) => string | null): RequestWatcher
}

const apiName = '@opentelemetry/api'
/** Where an SDK registers itself: every 1.x of the API looks there, whichever copy is loaded. */
const registered = Symbol.for('opentelemetry.js.api.1')

/** Null, and nothing is loaded, where no SDK is registered or the API is not installed. */
export async function openTelemetry(directory: string): Promise<Telemetry | null> {
  if (!hasProvider(Reflect.get(globalThis, registered))) return null
  const found = await findPackage(apiName, packageFolders(directory))
  if (!('path' in found)) return null
  // A package of this name exports this.
  const api = (await import(pathToFileURL(found.path).href)) as typeof Api
  return createTelemetry(api)
}

function hasProvider(found: unknown): boolean {
  return typeof found === 'object' && found !== null && ('trace' in found || 'metrics' in found)
}

/** In seconds, as the conventions for generative AI have them. */
const durationBounds = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power)

function createTelemetry(api: typeof Api): Telemetry {
  const { context, metrics, trace, SpanKind, SpanStatusCode } = api
  const tracer = trace.getTracer('rowsmith')
  const meter = metrics.getMeter('rowsmith')
  const durations = meter.createHistogram('gen_ai.client.operation.duration', {
    unit: 's',
    description: 'How long requests to models took.',
    advice: { explicitBucketBoundaries: durationBounds },
  })
  const tokens = meter.createHistogram('gen_ai.client.token.usage', {
    unit: '{token}',
    description: 'Tokens of requests and of their answers.',
    advice: { explicitBucketBoundaries: tokenBounds },
  })
  const cost = meter.createCounter('rowsmith.cost', {
    unit: '{USD}',
    description: 'The cost of requests with a known price.',
  })
  const rows = meter.createCounter('rowsmith.rows', {
    unit: '{row}',
    description: 'Rows that are in a part, by outcome.',
  })
  const run = tracer.startSpan('rowsmith.run')
  const inRun = trace.setSpan(context.active(), run)
  const open = new Map<object, { span: Api.Span; attributes: Api.Attributes }>()

  function fail(span: Api.Span, type: string, message: string): void {
    span.setAttribute('error.type', type)
    span.setStatus({ code: SpanStatusCode.ERROR, message })
  }

  return {
    note(event) {
      if (event.type === 'run-opened') {
        run.setAttributes({
          'rowsmith.run.directory': event.dir,
          'rowsmith.run.rows': event.rows,
          'rowsmith.run.resumed': event.resumed,
        })
      } else if (event.type === 'part-committed') {
        for (const [outcome, count] of Object.entries(event.outcomes)) {
          if (count > 0) rows.add(count, { 'rowsmith.outcome': outcome })
        }
      } else if (event.type === 'run-ended') {
        run.setAttribute('rowsmith.run.end', event.end.kind)
        if (event.end.kind === 'stopped') fail(run, 'stopped', event.end.reason)
      } else if (event.type === 'run-failed') {
        fail(run, 'failed', messageOf(event.error))
      }
    },
    watcherOf: (columnName) => ({
      sent(key, request, send) {
        const attributes = attributesOf(request)
        const name = `${operations[request.operation]} ${request.model}`
        const column = columnName(request.column)
        const options = {
          kind: SpanKind.CLIENT,
          attributes: {
            ...attributes,
            'rowsmith.alias': request.route,
            'rowsmith.row': request.row,
            'rowsmith.attempt': request.attempts + 1,
            ...(column === null ? {} : { 'rowsmith.column': column }),
          },
        }
        const span = tracer.startSpan(name, options, inRun)
        open.set(key, { span, attributes })
        // Spans of the connection, by whoever watches that, stand below.
        return context.with(trace.setSpan(inRun, span), send)
      },
      ended(key, request) {
        const { ms, usage, reply, error } = request
        const sent = open.get(key)
        if (sent === undefined) return
        open.delete(key)
        const { span, attributes } = sent
        const type = failureCode(request)
        if (reply === null) fail(span, type, error === null ? type : messageOf(error))
        else span.setAttributes(replyAttributes(reply))
        if (usage.inputTokens + usage.outputTokens > 0) {
          span.setAttributes({
            'gen_ai.usage.input_tokens': usage.inputTokens,
            'gen_ai.usage.output_tokens': usage.outputTokens,
            'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens,
          })
          tokens.record(usage.inputTokens, { ...attributes, 'gen_ai.token.type': 'input' })
          tokens.record(usage.outputTokens, { ...attributes, 'gen_ai.token.type': 'output' })
        }
        if (usage.cost !== null) {
          span.setAttribute('rowsmith.cost', usage.cost)
          cost.add(usage.cost, attributes)
        }
        const failure = reply === null ? { 'error.type': type } : {}
        durations.record(ms / 1000, { ...attributes, ...failure })
        span.end()
      },
      // Nothing was asked: a run has as many of them as cells.
      cached: () => undefined,
    }),
    async [Symbol.asyncDispose]() {
      for (const { span } of open.values()) {
        fail(span, 'interrupted', 'the run ended before it was answered')
        span.end()
      }
      run.end()
      // A command ends its process soon: what waits to be exported would be lost.
      await Promise.allSettled([
        flush(trace.getTracerProvider()),
        flush(metrics.getMeterProvider()),
      ])
    },
  }
}

/** As the conventions name what is asked; two have no name there. */
const operations: Readonly<Record<SentRequest['operation'], string>> = {
  chat: 'chat',
  embed: 'embeddings',
  image: 'generate_content',
  call: 'execute_tool',
  validate: 'validate',
}

function attributesOf({ operation, model, endpoint }: SentRequest): Api.Attributes {
  const url = URL.parse(endpoint)
  return {
    'gen_ai.operation.name': operations[operation],
    'gen_ai.provider.name': providerName(url?.hostname ?? endpoint),
    'gen_ai.request.model': model,
    ...(url === null
      ? {}
      : {
          'server.address': url.hostname,
          ...(url.port === '' ? {} : { 'server.port': Number(url.port) }),
        }),
  }
}

/** Names that the conventions give, by the end of a host's name. */
const providers: readonly (readonly [end: string, name: string])[] = [
  ['api.openai.com', 'openai'],
  ['.openai.azure.com', 'azure.ai.openai'],
  ['api.anthropic.com', 'anthropic'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['.amazonaws.com', 'aws.bedrock'],
  ['api.mistral.ai', 'mistral_ai'],
  ['api.groq.com', 'groq'],
  ['api.deepseek.com', 'deepseek'],
  ['api.x.ai', 'x_ai'],
  ['api.cohere.com', 'cohere'],
  ['api.perplexity.ai', 'perplexity'],
]

function providerName(host: string): string {
  return providers.find(([end]) => host.endsWith(end))?.[1] ?? host
}

function replyAttributes(reply: { model: string; finishReason: string }): Api.Attributes {
  return {
    'gen_ai.response.model': reply.model,
    'gen_ai.response.finish_reasons': [reply.finishReason],
  }
}

/** An SDK's provider can be flushed, which the API does not say; it may stand behind a proxy. */
async function flush(provider: object): Promise<void> {
  const behind = 'getDelegate' in provider ? callable(provider.getDelegate)?.call(provider) : null
  const target = typeof behind === 'object' && behind !== null ? behind : provider
  if ('forceFlush' in target) await callable(target.forceFlush)?.call(target)
}

function callable(value: unknown): ((this: unknown) => unknown) | null {
  return typeof value === 'function' ? (value as (this: unknown) => unknown) : null
}
