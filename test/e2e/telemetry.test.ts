import { context, metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test } from 'vitest'
import { create } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'

afterEach(() => {
  trace.disable()
  metrics.disable()
  context.disable()
})

test('a run and its requests are spans and metrics of the SDK that is registered', async () => {
  const spans = new InMemorySpanExporter()
  const figures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  )
  metrics.setGlobalMeterProvider(
    new MeterProvider({
      // Sent when the run flushes it, and not by time.
      readers: [
        new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 3_600_000 }),
      ],
    }),
  )
  await using desk = await createDesk()
  let asked = 0
  await using server = await createModelServer({
    script() {
      asked += 1
      return asked === 2 ? { status: 400, error: 'no' } : { text: 'yes' }
    },
  })
  const { usage, requests } = await create({
    config: {
      config: {
        prices: { small: { input: 1, output: 2 } },
        model_providers: [{ name: 'here', endpoint: `${server.url}/v1` }],
        model_configs: [
          { alias: 'writer', provider: 'here', model: 'small', skip_health_check: true },
        ],
        columns: [
          { name: 'word', column_type: 'llm-text', model_alias: 'writer', prompt: 'A word.' },
        ],
      },
    },
    rows: 4,
    out: desk.path('run'),
  })
  expect(requests).toBe(4)
  const ended = spans.getFinishedSpans()
  const run = ended.find(({ name }) => name === 'rowsmith.run')
  expect(run?.attributes).toMatchObject({ 'rowsmith.run.rows': 4, 'rowsmith.run.end': 'complete' })
  const chats = ended.filter(({ name }) => name === 'chat small')
  expect(chats).toHaveLength(4)
  for (const { parentSpanContext } of chats) {
    expect(parentSpanContext?.spanId).toBe(run?.spanContext().spanId)
  }
  const failed = chats.filter(({ status }) => status.code === SpanStatusCode.ERROR)
  expect(failed.map(({ attributes }) => attributes['error.type'])).toEqual(['bad-request'])
  const good = chats.find(({ status }) => status.code !== SpanStatusCode.ERROR)
  expect(good?.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': '127.0.0.1',
    'gen_ai.request.model': 'small',
    'gen_ai.response.finish_reasons': ['stop'],
    'server.port': Number(new URL(server.url).port),
    'rowsmith.column': 'word',
    'rowsmith.attempt': 1,
  })
  const sum = (key: string): number =>
    chats.reduce((total, { attributes }) => total + Number(attributes[key] ?? 0), 0)
  expect(sum('gen_ai.usage.input_tokens')).toBe(usage.inputTokens)
  expect(sum('gen_ai.usage.output_tokens')).toBe(usage.outputTokens)
  expect(sum('rowsmith.cost')).toBeCloseTo(usage.cost ?? -1, 12)

  const made = figures
    .getMetrics()
    .at(-1)
    ?.scopeMetrics.flatMap(({ metrics: list }) => list)
  expect(made?.map(({ descriptor }) => descriptor.name).toSorted()).toEqual([
    'gen_ai.client.operation.duration',
    'gen_ai.client.token.usage',
    'rowsmith.cost',
    'rowsmith.rows',
  ])
  const rows = made?.find(({ descriptor }) => descriptor.name === 'rowsmith.rows')
  expect(rows?.dataPoints.map(({ attributes, value }) => [attributes, value])).toEqual([
    [{ 'rowsmith.outcome': 'accepted' }, 3],
    [{ 'rowsmith.outcome': 'dropped' }, 1],
  ])
})
