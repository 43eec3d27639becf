import { noRows, oneChoice } from '../test/support/engine.ts'
import { check, type Prepared } from '../src/check/prepare.ts'
import { answerSchema } from '../src/columns/answer-schema.ts'
import { readStructured } from '../src/columns/structured-reply.ts'
import type { ModelConfig } from '../src/config/dataset.ts'
import type { Graph } from '../src/graph/graph.ts'
import { modelIdentity } from '../src/graph/model-identity.ts'
import { mediaPath, type MediaStore } from '../src/graph/media.ts'
import { type ModelReply, type ModelRequest, noUsage } from '../src/graph/request.ts'
import { createConcurrencyLimiter } from '../src/limits/limiter.ts'
import { defineProvider } from '../src/models/provider.ts'
import { planSource } from '../src/plan/group-source.ts'
import { createPlan } from '../src/plan/plan.ts'
import { RowSet } from '../src/plan/row-set.ts'
import { bindGenerators } from '../src/rows/bind.ts'
import { holdNothing } from '../src/rows/held-rows.ts'
import { createExchangeHash } from '../src/run/exchange-hash.ts'
import { createScheduler } from '../src/scheduler/scheduler.ts'
import { systemClock } from '../src/util/clock.ts'
import type { Value } from '../src/util/value.ts'
import { type Figure, keep, median } from './harness.ts'

// What a cell of each kind costs the engine's thread: real columns of a config, a provider in this
// process that has its answers ready, a journal that only counts. Kinds take turns.

const slots = 64
const bufferSize = 1_000
const rows = 12_000
const rounds = 7
const vectorSize = 384

/** Answers have 1 KB. */
const words = 'a short answer of common words and of some more '.repeat(30)
const dish = JSON.stringify({
  title: 'Soup',
  vegetarian: true,
  minutes: 35,
  ingredients: Array.from({ length: 6 }, (_, at) => ({
    name: `thing ${at}`,
    amount: 1.5,
    unit: 'g',
  })),
  steps: [words.slice(0, 330), words.slice(0, 300)],
})
const scores = JSON.stringify({
  taste: { reasoning: words.slice(0, 470), score: '2' },
  looks: { reasoning: words.slice(0, 470), score: '1' },
})
const code = `Here it is:\n\`\`\`python\n${"print('hello, world')\n".repeat(47)}\`\`\`\n`

const dishSchema = {
  type: 'object',
  properties: {
    title: { type: 'string' },
    vegetarian: { type: 'boolean' },
    minutes: { type: 'integer', minimum: 0 },
    ingredients: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          amount: { type: 'number' },
          unit: { enum: ['g', 'ml', 'piece'] },
        },
        required: ['name', 'amount', 'unit'],
      },
    },
    steps: { type: 'array', items: { type: 'string' } },
  },
  required: ['title', 'vegetarian', 'minutes', 'ingredients', 'steps'],
}

interface Kind {
  name: string
  column: object
  reply: ModelReply
  /** The value of its cells, instead of reading answers. */
  unread?: Value
}

const image =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const prompt = 'Write of {{ topic }} in a few sentences.'
const asking = { model_alias: 'writer', prompt }

const kinds: readonly Kind[] = [
  { name: 'llm-text', column: asking, reply: said(words.slice(0, 1_024)) },
  { name: 'llm-structured', column: { ...asking, output_format: dishSchema }, reply: said(dish) },
  {
    name: 'llm-structured',
    column: { ...asking, output_format: dishSchema },
    reply: said(dish),
    unread: new Map([['title', 'Soup']]),
  },
  {
    name: 'llm-judge',
    column: {
      ...asking,
      scores: ['taste', 'looks'].map((name) => ({
        name,
        description: `How it ${name}.`,
        options: { 1: 'bad', 2: 'good' },
      })),
    },
    reply: said(scores),
  },
  { name: 'llm-code', column: { ...asking, code_lang: 'python' }, reply: said(code) },
  {
    name: 'embedding',
    column: { model_alias: 'vectors', target_column: 'topic' },
    reply: { ...said(''), content: [] },
  },
  {
    name: 'image',
    column: { ...asking, model_alias: 'painter' },
    reply: {
      ...said(''),
      content: [{ type: 'media', media: { base64: image }, mime: 'image/png' }],
    },
  },
  {
    name: 'custom',
    column: {
      generator: {
        requiredColumns: ['topic'],
        modelAliases: ['writer'],
        generate: (
          { topic }: { topic: string },
          { ask }: { ask: (alias: string, prompt: string) => Promise<string> },
        ) => ask('writer', `Write of ${topic} in a few sentences.`),
      },
    },
    reply: said(words.slice(0, 1_024)),
  },
]

function said(text: string): ModelReply {
  return {
    content: [{ type: 'text', text }],
    reasoning: null,
    finishReason: 'stop',
    usage: { ...noUsage, inputTokens: 10, outputTokens: 200 },
    model: 'm',
  }
}

/** What is answered next: one kind is at work at a time. */
let reply: ModelReply = said('')

function answer(request: ModelRequest): Promise<ModelReply> {
  if (request.operation !== 'embed') return Promise.resolve(reply)
  const vectors = request.inputs.map(() => new Float32Array(vectorSize))
  return Promise.resolve({ ...reply, vectors })
}

const provider = defineProvider({
  type: 'ready',
  remote: false,
  open: () => ({
    send: (_target, request) => answer(request),
    probe: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }),
})

const media: MediaStore = {
  put: (bytes, mime) =>
    Promise.resolve({ path: mediaPath('0'.repeat(64), mime), mime, bytes: bytes.length }),
  read: () => Promise.resolve(new Uint8Array()),
}

export async function run(): Promise<readonly Figure[]> {
  await using opened = new AsyncDisposableStack()
  const prepared = new Map<Kind, Prepared>()
  for (const kind of kinds) prepared.set(kind, opened.use(await prepare(kind)))
  const times = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]))
  for (let round = -2; round < rounds; round += 1) {
    for (const [kind, config] of round % 2 === 0 ? [...prepared] : [...prepared].toReversed()) {
      const cpu = process.threadCpuUsage()
      await make(kind, config)
      const { user, system } = process.threadCpuUsage(cpu)
      if (round >= 0) times.get(kind)?.push((user + system) / rows)
    }
  }
  const costs = kinds.map((kind) => ({ kind, cost: median(times.get(kind) ?? []) }))
  const text = costs[0]?.cost ?? NaN
  return [
    ...costs.map(({ kind, cost }) => ({
      name: `a cell of ${titleOf(kind)}`,
      value: cost,
      unit: 'µs',
    })),
    ...costs.slice(1).map(({ kind, cost }) => ({
      name: `${titleOf(kind)}, times a cell of llm-text`,
      value: cost / text,
      unit: '×',
      ...(kind.unread === undefined ? {} : { limit: 1.5 }),
    })),
    {
      name: 'reading a structured reply of 1 KB',
      value: readingCost(),
      unit: 'µs',
      limit: 100,
      note: `${dish.length} characters`,
    },
  ]
}

function titleOf({ name, unread }: Kind): string {
  return unread === undefined ? name : `${name} beside reading`
}

async function prepare({ name, column }: Kind): Promise<Prepared> {
  const models = [
    ['writer', 'chat-completion'],
    ['vectors', 'embedding'],
    ['painter', 'image'],
  ]
  const config = {
    model_providers: [{ name: 'here', provider_type: 'ready', endpoint: '' }],
    model_configs: models.map(([alias, type]) => ({
      alias,
      provider: 'here',
      model: 'm',
      inference_parameters: { generation_type: type, max_parallel_requests: slots },
    })),
    columns: [
      {
        name: 'topic',
        column_type: 'sampler',
        sampler_type: 'category',
        params: { values: ['tea', 'rain', 'snow'] },
      },
      { name: 'made', column_type: name, ...column },
    ],
  }
  const checked = await check({
    config: { config },
    environment: {},
    clock: systemClock,
    plugins: [{ name: 'bench', providers: [provider] }],
    signal: new AbortController().signal,
  })
  if (checked.prepared === null) {
    throw new Error(checked.problems.map(({ message }) => message).join('\n'))
  }
  return checked.prepared
}

/** All cells of a column, from its rows on to the journal. */
async function make(kind: Kind, { graph, models, dataset }: Prepared): Promise<void> {
  ;({ reply } = kind)
  const [alias] = models.aliases
  if (alias === undefined) throw new Error(`a column of ${kind.name} asks no model`)
  const partRows = 4 * bufferSize
  const plan = createPlan({
    target: rows,
    decided: RowSet.empty,
    groupRows: bufferSize,
    frameRows: bufferSize,
    partRows,
  })
  let journaled = 0
  const scheduler = createScheduler({
    clock: systemClock,
    graph,
    generators: generatorsOf(kind, graph, dataset.models),
    source: planSource(plan),
    remainingIn: (part) => Math.min(partRows, rows - part * partRows),
    known: () => null,
    read: noRows,
    hold: holdNothing,
    routes: [oneChoice(alias, [createConcurrencyLimiter({ name: alias, cap: slots })])],
    send: (route, request, signal) => models.send(route, request, signal),
    journal: {
      cell: () => (journaled += 1),
      exchange: (_exchange, durable) => durable(),
      forget: () => undefined,
      failure: ({ message }) => {
        throw new Error(message)
      },
      request: () => undefined,
      pendingBytes: 0,
      onDurable: () => undefined,
    },
    completePart: () => Promise.resolve(),
    budget: { maxRows: 16_384, maxBytes: 256 * 2 ** 20, maxWriting: 2, lineFactor: 4 },
    maxPendingBytes: 2 ** 24,
    maxAttempts: 8,
    maxOutageMs: 300_000,
    localWorkers: 4,
    localTimeoutMs: 300_000,
    exchangeHash: createExchangeHash((name) => modelIdentity(dataset, name)),
    earlyShutdown: null,
    jitter: () => 0.5,
  })
  const ended = await scheduler.run()
  if (ended.kind !== 'complete' || journaled !== rows) {
    throw new Error(`expected ${rows} cells of ${kind.name}, got ${journaled}, ${ended.kind}`)
  }
}

function generatorsOf({ unread }: Kind, graph: Graph, models: readonly ModelConfig[]) {
  const generators = bindGenerators({ graph, runSeed: 1n, models, seed: null, media })
  if (unread === undefined) return generators
  const made = { value: unread, sides: [] }
  return generators.map((one) =>
    one?.by === 'cell' && one.requests === 'one' ? { ...one, finish: () => made } : one,
  )
}

/** Finding the JSON, fitting it into the schema and validating it; microseconds. */
function readingCost(): number {
  const schema = answerSchema(dishSchema)
  const given = said(dish)
  const times: number[] = []
  for (let round = -2; round < rounds; round += 1) {
    const cpu = process.threadCpuUsage()
    for (let at = 0; at < 2_000; at += 1) keep(readStructured(given, schema))
    const { user, system } = process.threadCpuUsage(cpu)
    if (round >= 0) times.push((user + system) / 2_000)
  }
  return median(times)
}
