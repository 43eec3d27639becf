import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { create, type DatasetRecord, open as openDataset, validate } from '../../src/index.ts'
import { createDesk } from './command.ts'

interface Call {
  method: string | undefined
  path: string | undefined
  data: { word: string; size: number }[]
}

type Answer = (call: Call, number: number) => { status?: number; body: unknown }

interface Service extends AsyncDisposable {
  url: string
  calls: Call[]
  most: () => number
}

/** A validator of other people, as NeMo Data Designer asks it. */
async function startService(answer: Answer): Promise<Service> {
  const calls: Call[] = []
  let open = 0
  let most = 0
  async function reply(request: IncomingMessage): Promise<{ status: number; text: string }> {
    const { data } = JSON.parse(await text(request)) as Pick<Call, 'data'>
    const call = { method: request.method, path: request.url, data }
    calls.push(call)
    const { status = 200, body } = answer(call, calls.length)
    return { status, text: typeof body === 'string' ? body : JSON.stringify(body) }
  }
  const server: Server = createServer((request, response) => {
    open += 1
    most = Math.max(most, open)
    void reply(request).then(({ status, text: body }) => {
      open -= 1
      return response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    most: () => most,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const words = ['fox', 'owl', 'badger', 'otter']

function configOf(url: string, fields: object = {}, params: object = {}): object {
  return {
    seed: 2,
    columns: [
      { name: 'word', column_type: 'sampler', sampler_type: 'category', params: { values: words } },
      { name: 'size', column_type: 'expression', dtype: 'int', expr: '{{ word | length }}' },
      {
        name: 'policy',
        column_type: 'validation',
        target_columns: ['word', 'size'],
        validator_type: 'remote',
        validator_params: { endpoint_url: url, ...params },
        ...fields,
      },
      { name: 'ok', column_type: 'expression', expr: "is {{ policy['is_valid'] if policy }}" },
    ],
  }
}

const judge: Answer = ({ data }) => ({
  body: { data: data.map(({ word, size }) => ({ is_valid: size < 6, why: `${word} ${size}` })) },
})

async function make(config: object): Promise<{
  result: Awaited<ReturnType<typeof create>>
  records: DatasetRecord[]
  failures: readonly { code: string; message: string; count: number }[]
}> {
  await using desk = await createDesk()
  const result = await create({ config: { config }, rows: 40, out: desk.path('run') })
  await using dataset = await openDataset(result.dir)
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return { result, records, failures: (await dataset.summary()).failures }
}

test('rows share requests in the form of NeMo Data Designer, and each gets its own verdict', async () => {
  await using service = await startService(judge)
  const config = configOf(`${service.url}/check?strict=1`, { batch_size: 7 })
  const { result, records } = await make(config)
  expect(records).toHaveLength(40)
  for (const { word, size, policy, ok } of records) {
    const isValid = Number(size) < 6
    expect(policy).toEqual({ is_valid: isValid, why: `${String(word)} ${String(size)}` })
    expect(ok).toBe(isValid ? 'is True' : 'is False')
  }
  expect(service.calls.every(({ path }) => path === '/check?strict=1')).toBe(true)
  expect(service.calls.every(({ method, data }) => method === 'POST' && data.length <= 7)).toBe(
    true,
  )
  expect(service.calls.length).toBeLessThan(40)
  expect(service.most()).toBeLessThanOrEqual(4)
  expect(result.requests).toBe(service.calls.length)
})

test('failures are tried again, one request at a time, and invalid rows rejected', async () => {
  await using service = await startService((call, number) =>
    number === 1 ? { status: 503, body: 'busy' } : judge(call, number),
  )
  const config = configOf(`${service.url}/`, { on_invalid: 'reject' }, { max_parallel_requests: 1 })
  const { result, records } = await make(config)
  expect(service.most()).toBe(1)
  expect(service.calls[0]?.path).toBe('/')
  expect(result.requestOutcomes.failed).toBe(1)
  expect(result.rows.accepted).toBe(records.length)
  expect(result.rows.rejected).toBe(40 - records.length)
  expect(records.map(({ word }) => word)).not.toContain('badger')
})

test('an answer that does not fit fails its own cells', async () => {
  await using service = await startService(({ data }) => ({
    body: {
      data: data.map(({ word }) =>
        word === 'owl' ? { valid: true } : { is_valid: true, ...(word === 'fox' ? { x: 1 } : {}) },
      ),
    },
  }))
  const items = { type: 'object', properties: { is_valid: { type: 'boolean' } } }
  const schema = { type: 'object', properties: { data: { type: 'array', items } } }
  const { records, failures } = await make(
    configOf(service.url, { on_failure: 'null' }, { output_schema: schema }),
  )
  for (const { word, policy } of records) {
    const isFine = word !== 'owl' && word !== 'fox'
    expect(policy).toEqual(isFine ? { is_valid: true } : null)
  }
  expect(failures.map(({ code }) => code)).toEqual(['wrong-verdict'])
})

test('too few verdicts, and an answer of another form, say so', async () => {
  await using few = await startService(() => ({ body: { data: [] } }))
  await using other = await startService(() => ({ body: '[1' }))
  for (const [service, said] of [
    [few, /the service gave 0 verdicts for \d+ records/],
    [other, /the service answered with no JSON/],
  ] as const) {
    const { failures } = await make(configOf(service.url, { on_failure: 'null', batch_size: 10 }))
    expect(failures[0]?.message).toMatch(said)
  }
})

test('what is wrong with the parameters', async () => {
  const { problems } = await validate({
    config: {
      config: configOf('ftp://nowhere', {}, { timeout: 0, retry_backoff: 1 }),
    },
  })
  expect(problems.map(({ code, path }) => `${code} ${path.join('.')}`)).toEqual([
    'wrong-format columns.2.validator_params.endpoint_url',
    'out-of-range columns.2.validator_params.timeout',
    'out-of-range columns.2.validator_params.retry_backoff',
  ])
})
