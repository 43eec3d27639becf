import * as fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { type OutputMode, outputModes } from '../config/output-mode.ts'
import type { FoundMode, LeftMode } from '../graph/found-mode.ts'
import { RequestError } from '../graph/request-error.ts'
import { type ChatRequest, type ModelReply, noUsage, textOf } from '../graph/request.ts'
import { createModelServer, type ServerAction } from '../testing/model-server.ts'
import { systemClock } from '../util/clock.ts'
import { openModels, type ModelRegistry } from './registry.ts'
import { builtInRegistry } from '../plugins/kind-registry.ts'
import { createOutputLadder } from './output-ladder.ts'
import type { ModeChange } from './output-ladders.ts'

/** The modes of the requests that arrived. */
let asked: OutputMode[] = []
let respond: (mode: OutputMode, body: Body) => ServerAction = () => ({})

interface Body {
  response_format?: { type: 'json_schema' | 'json_object'; json_schema?: { name: string } }
  tool_choice?: unknown
  tools?: { function: { name: string } }[]
  output_config?: unknown
}

function modeOf({ response_format: format, tool_choice: tool, output_config: output }: Body) {
  if (output !== undefined) return 'json_schema'
  return format?.type ?? (tool === undefined ? 'prompt' : 'tool_call')
}

const server = await createModelServer({
  script({ text }) {
    const body = JSON.parse(text) as Body
    const mode = modeOf(body)
    asked.push(mode)
    return respond(mode, body)
  },
})
let registry: ModelRegistry
let changes: ModeChange[] = []
let known: readonly FoundMode[] = []

function opened(options: Parameters<typeof openRegistry>[1] = {}, type = 'openai'): ModelRegistry {
  const config = providerConfig({ endpoint: server.url, provider_type: type })
  const made = openRegistry(config, options)
  made.followModes([], (found, change) => {
    known = found
    changes.push(change)
  })
  return made
}

beforeEach(async () => {
  await registry?.close()
  asked = []
  changes = []
  known = []
  registry = opened()
})
afterAll(async () => {
  await registry.close()
  await server.close()
})

/** Those that differ for a schema without bounds. */
const modes: readonly OutputMode[] = outputModes.filter((mode) => mode !== 'bare_schema')

const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
const answer = '{"n":1}'

function asking(form = 'dish'): ChatRequest {
  return { ...chat('A number.'), format: { name: form, schema } }
}

const send = (form?: string, from = registry): Promise<ModelReply> =>
  from.send('writer', asking(form), fresh())

/** What a server answers that holds a model to a form, in each mode. */
function held(mode: OutputMode, name = 'dish'): ServerAction {
  if (mode !== 'tool_call') return { text: answer }
  const call = { id: 'c', type: 'function', function: { name, arguments: answer } }
  return { message: { content: null, tool_calls: [call] }, finishReason: 'tool_calls' }
}

function only(
  taken: OutputMode,
  refusal: ServerAction = refusals[0],
): (mode: OutputMode) => ServerAction {
  return (mode) => (mode === taken ? held(mode) : refusal)
}

const refusals = [
  { status: 400, error: 'response_format json_schema and tool_choice are not supported' },
  { status: 400, error: 'Extra inputs are not permitted' },
  { status: 422, body: '{"detail":[{"loc":["body"],"msg":"nope"}]}' },
  { status: 404, body: '<html>what?</html>' },
  { status: 400, body: '' },
] as const

describe('a server that takes one mode', () => {
  const cases = modes.flatMap((mode) => refusals.map((refusal) => ({ mode, refusal })))
  test.each(cases)('$mode, and refuses others with $refusal', async ({ mode, refusal }) => {
    respond = only(mode, refusal)
    const steps = modes.slice(0, modes.indexOf(mode) + 1)
    for (const _ of [1, 2]) {
      const reply = await send()
      expect([textOf(reply.content), reply.outputMode, reply.finishReason]).toEqual([
        answer,
        mode,
        'stop',
      ])
    }
    expect(asked).toEqual([...steps, mode])
    const left = steps.slice(0, -1).map((one) => ({ mode: one, refused: true, form: null }))
    expect(known).toMatchObject([{ provider: 'openai', model: 'test', mode, forms: {}, left }])
    expect(changes.filter(({ left: one }) => one !== null)).toHaveLength(left.length)
  })
})

test('many at once find it out once, and wait for the first no longer than a while', async () => {
  respond = only('json_object')
  const replies = await Promise.all(Array.from({ length: 20 }, () => send()))
  expect(new Set(replies.map(({ outputMode }) => outputMode))).toEqual(new Set(['json_object']))
  expect(asked).toEqual([
    'json_schema',
    'tool_call',
    ...Array.from({ length: 20 }, () => 'json_object'),
  ])
})

test('what the server answers slowly does not hold up the others for long', async () => {
  const hasty = {
    ...systemClock,
    now: () => 20 * performance.now(),
    after: (delayMs: number, callback: () => void) => systemClock.after(delayMs / 20, callback),
  }
  const own = opened({ clock: hasty })
  respond = (mode) => ({ ...held(mode), delayMs: asked.length === 1 ? 400 : 0 })
  const order: number[] = []
  await Promise.all([0, 1, 2].map((at) => send('dish', own).then(() => order.push(at))))
  await own.close()
  expect(order.at(-1)).toBe(0)
  expect(asked).toEqual(['json_schema', 'json_schema', 'json_schema'])
})

test('a mode that is taken and ignored is given up after some answers', async () => {
  respond = (mode) => (mode === 'json_object' ? held(mode) : { text: 'One, I would say.' })
  for (let number = 0; number < 8; number += 1) await send()
  expect(asked).toEqual([
    ...Array.from({ length: 3 }, () => 'json_schema'),
    ...Array.from({ length: 3 }, () => 'tool_call'),
    'json_object',
    'json_object',
  ])
  expect(known[0]?.left.map(({ mode, refused }) => [mode, refused])).toEqual([
    ['json_schema', false],
    ['tool_call', false],
  ])
})

test('answers that were cut, or think first, are not ignored ones', async () => {
  const texts: ServerAction[] = [
    { text: '{"n":', finishReason: 'length' },
    { text: `<think>One?</think>\n${answer}` },
    { text: '<think>One', finishReason: 'length' },
  ]
  respond = () => texts[asked.length % 3] ?? {}
  for (let number = 0; number < 10; number += 1) await send()
  expect(new Set(asked)).toEqual(new Set(['json_schema']))
})

test('an answer that was cut and begins as no JSON was not held to any', async () => {
  respond = () => ({ text: 'Once upon a', finishReason: 'length' })
  for (let number = 0; number < 4; number += 1) await send()
  expect(asked).toEqual(['json_schema', 'json_schema', 'json_schema', 'tool_call'])
})

test('JSON without the fields of the schema was not held to it', async () => {
  respond = () => ({ text: '{"number":1}' })
  for (let number = 0; number < 4; number += 1) await send()
  expect(asked).toEqual(['json_schema', 'json_schema', 'json_schema', 'tool_call'])
})

test('a request that is refused for what it says gives nothing up', async () => {
  respond = () => ({ status: 400, error: 'unknown parameter: foo' })
  for (let number = 0; number < 5; number += 1) {
    expect((await requestError(send())).code).toBe('bad-request')
  }
  // After three in vain the others are not tried again.
  expect(asked).toHaveLength(3 * 4 + 2)
  expect(known).toEqual([])
  respond = (mode) => held(mode)
  expect((await send()).outputMode).toBe('json_schema')
})

test('once answered, a refusal is of the request', async () => {
  respond = (mode) => held(mode)
  await send()
  respond = () => ({ status: 400, error: 'unknown parameter: foo' })
  await requestError(send())
  expect(asked).toEqual(['json_schema', 'json_schema'])
})

test('one form that is refused keeps the mode for the others', async () => {
  respond = (mode, { response_format: format }) =>
    format?.json_schema?.name === 'odd' ? refusals[1] : held(mode, 'odd')
  await send('dish')
  await send('odd')
  await send('odd')
  await send('dish')
  expect(asked).toEqual(['json_schema', 'json_schema', 'tool_call', 'tool_call', 'json_schema'])
  expect(known).toMatchObject([{ mode: 'json_schema', forms: { odd: 'tool_call' } }])
})

test('bounds of values are omitted where they are refused', async () => {
  const title = { type: 'string', maxLength: 8, format: 'date' }
  const bounded = { ...schema, properties: { ...schema.properties, title } }
  const sent: unknown[] = []
  respond = (mode, { response_format: format }) => {
    sent.push(format?.json_schema)
    const isRefused = JSON.stringify(format ?? {}).includes('maxLength')
    return isRefused ? { status: 400, error: "'maxLength' is not permitted." } : held(mode)
  }
  const request = { ...asking('bounded'), format: { name: 'bounded', schema: bounded } }
  expect((await registry.send('writer', request, fresh())).outputMode).toBe('bare_schema')
  expect((await send()).outputMode).toBe('bare_schema')
  const [first, second, third] = sent
  const strict = { name: 'bounded', strict: true }
  expect(first).toMatchObject({
    ...strict,
    schema: { properties: { title: { type: ['string', 'null'], maxLength: 8, format: 'date' } } },
  })
  expect(second).toEqual({
    ...strict,
    schema: {
      ...schema,
      properties: { ...schema.properties, title: { type: ['string', 'null'] } },
      required: ['n', 'title'],
      additionalProperties: false,
    },
  })
  expect(third).toMatchObject({ name: 'dish', strict: true })
  // One that is taken and ignored is ignored without them, too.
  const own = opened()
  respond = () => ({ text: 'Hm.' })
  for (let number = 0; number < 4; number += 1) await own.send('writer', request, fresh())
  await own.close()
  expect(asked.at(-1)).toBe('tool_call')
})

test('a server that fails with every form is asked without one, after some tries', async () => {
  respond = (mode) => (mode === 'prompt' ? held(mode) : { status: 500, error: 'Internal error' })
  const outcomes: string[] = []
  for (let number = 0; number < 4; number += 1) {
    outcomes.push(
      await send().then(
        ({ outputMode }) => String(outputMode),
        ({ code }: { code: string }) => code,
      ),
    )
  }
  expect(outcomes).toEqual(['server-error', 'server-error', 'prompt', 'prompt'])
})

test('what an earlier session found is not determined again', async () => {
  respond = only('tool_call')
  await send()
  const found = structuredClone(known)
  const later = opened()
  later.followModes(found, () => undefined)
  asked = []
  await Promise.all([send('dish', later), send('dish', later)])
  await later.close()
  expect(asked).toEqual(['tool_call', 'tool_call'])
})

describe('a mode that the config gives', () => {
  test.each(modes)('%s is the one that is sent, whatever is answered', async (mode) => {
    const models = [modelConfig({}, { output_mode: mode })]
    const own = opened({ models })
    respond = () => ({ text: 'Hm.' })
    for (let number = 0; number < 4; number += 1) {
      expect((await send('dish', own)).outputMode).toBe(mode)
    }
    respond = () => refusals[0]
    await requestError(send('dish', own))
    await own.close()
    expect(asked).toEqual(Array.from({ length: 5 }, () => mode))
    expect(known).toEqual([])
  })

  test('is an error where the provider has no such mode', () => {
    const { problems } = openModels({
      models: [modelConfig({}, { output_mode: 'json_object' })],
      providers: [providerConfig({ provider_type: 'anthropic' })],
      used: ['writer'],
      environment: {},
      table: builtInRegistry.providers,
    })
    expect(problems).toMatchObject([
      {
        code: 'unsupported',
        path: ['model_configs', 0, 'inference_parameters', 'output_mode'],
        expected: 'one of: json_schema, tool_call, prompt',
        received: 'json_object',
      },
    ])
  })
})

test('Anthropic has a separate form, and a tool', async () => {
  const own = opened({}, 'anthropic')
  const content = [{ type: 'tool_use', id: 'x', name: 'dish', input: { n: 1 } }]
  respond = (mode) =>
    mode === 'json_schema'
      ? { status: 400, error: 'output_config: Extra inputs are not permitted' }
      : { message: { content, stop_reason: 'tool_use' } }
  const reply = await send('dish', own)
  expect([textOf(reply.content), reply.finishReason]).toEqual([answer, 'stop'])
  respond = () => ({ message: { content, stop_reason: 'tool_use' } })
  // A schema without a strict form is not sent as one.
  asked = []
  const open = { ...asking('map'), format: { name: 'map', schema: { type: 'object' } } }
  const further = opened({}, 'anthropic')
  await further.send('writer', open, fresh())
  await further.close()
  await own.close()
  expect(asked).toEqual(['tool_call'])
})

/** Waits a few turns of the promises' queue, so that answers overtake each other. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
}

test('whatever is taken, in whatever order, all are answered and each refusal is reported once', async () => {
  const forms = ['a', 'b', 'c']
  await fc.assert(
    fc.asyncProperty(
      // Of each form, the first mode that is taken, and whether refusals say what they are about.
      fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(2), fc.nat(6), fc.nat(4)), { minLength: 1, maxLength: 40 }),
      async (firsts, isWorded, requests) => {
        const told: LeftMode[] = []
        const ladder = createOutputLadder({
          about: { provider: 'p', endpoint: 'e', model: 'm' },
          modes: ['json_schema', 'tool_call', 'json_object'],
          clock: systemClock,
          changed: (_alias, left) => {
            if (left !== null) told.push(left)
          },
        })
        const ask = async (form: number, wait: number): Promise<OutputMode | undefined> => {
          const request = { ...chat('x'), format: { name: forms[form] ?? '', schema } }
          const answered = await ladder.send(request, {
            alias: 'writer',
            signal: fresh(),
            async send({ format }) {
              await turns(wait)
              const step = modes.indexOf(format?.mode ?? 'prompt')
              if (step >= (firsts[form] ?? 0)) return replyIn(format?.mode)
              const words = isWorded ? 'response_format is unknown' : 'no'
              throw new RequestError('bad-request', words, { kind: 'refused' }, { status: 400 })
            },
          })
          return answered.outputMode
        }
        const answers: (OutputMode | undefined)[] = await Promise.all(
          requests.map(async ([form, before, wait]) => {
            await turns(7 * before)
            return ask(form, wait)
          }),
        )
        const steps = answers.map((mode) => modes.indexOf(mode ?? 'prompt'))
        requests.forEach(([form], at) => {
          expect(steps[at]).toBeGreaterThanOrEqual(firsts[form] ?? 0)
        })
        const keys = told.map(({ mode, form }) => `${mode} ${form}`)
        expect(keys).toEqual([...new Set(keys)])
        // Nothing is given up below what the most demanding form needs.
        const used = requests.map(([form]) => firsts[form] ?? 0)
        expect(Math.max(...steps)).toBe(Math.max(...used))
        expect(ladder.found?.left).toEqual(told)
      },
    ),
    { numRuns: 300 },
  )
})

function replyIn(mode: OutputMode | undefined): ModelReply {
  const call = { type: 'tool-call' as const, id: 'c', name: 'a', arguments: answer }
  const names = ['a', 'b', 'c'].map((name) => ({ ...call, name }))
  return {
    content: mode === 'tool_call' ? names : [{ type: 'text', text: answer }],
    reasoning: null,
    finishReason: 'stop',
    usage: noUsage,
    model: 'm',
  }
}
