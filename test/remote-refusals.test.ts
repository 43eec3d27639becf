import type { IncomingMessage, ServerResponse } from 'node:http'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtInRegistry } from '../src/plugins/kind-registry.ts'
import { inspectSeed } from '../src/seeds/inspect-seed.ts'
import { allRows, createScratch, type Scratch } from '../src/seeds/scratch.ts'
import { createFileServer } from './support/file-server.ts'

/* What goes wrong with seeds that are somewhere else ends as an error at its place, that says the way out. */

let scratch: Scratch
let parquet: Buffer
beforeAll(async () => {
  scratch = await createScratch()
  const writer = new ByteWriter()
  const data = Array.from({ length: 2000 }, (_, at) => `city ${(at * 7919) % 2003}`)
  await parquetWrite({ writer, columnData: [{ name: 'city', data, type: 'STRING' }] })
  parquet = Buffer.from(writer.getBytes())
})
afterAll(() => scratch[Symbol.asyncDispose]())

type Source = { seed_type: string } & Record<string, unknown>

/** Opens a seed and reads it, as a run does; gives what is said of it. */
async function saidOf(source: Source, environment: Record<string, string> = {}): Promise<string> {
  const config = {
    source,
    sampling_strategy: 'ordered',
    selection_strategy: null,
    rows_per_record: 1,
  } as const
  const context = {
    ...scratch.context,
    environment: { XDG_CACHE_HOME: scratch.folder, ...environment },
  }
  const { inspected, problems } = await inspectSeed(config, context, builtInRegistry.seedSources)
  const [problem] = problems
  if (problem !== undefined) {
    const { code, path, message, suggestion } = problem
    return `${code} ${path.join('.')}: ${message} ${suggestion}`
  }
  return inspected === null
    ? 'nothing'
    : allRows(inspected.seed).then(
        (rows) => `${rows.length} rows`,
        (error: Error) => error.message,
      )
}

interface Refusing {
  status: number
  headers?: Record<string, string>
  body?: string
}

async function refusalOf(
  answer: Refusing,
  sourceAt: (url: string) => Source,
  environment: (url: string) => Record<string, string> = () => ({}),
): Promise<string> {
  await using server = await createFileServer(
    {},
    {
      before(_, response) {
        response.writeHead(answer.status, answer.headers).end(answer.body)
        return true
      },
    },
  )
  return await saidOf(sourceAt(server.url), environment(server.url))
}

const s3 = (url: string): Source => ({ seed_type: 's3', path: 's3://box/a.csv', endpoint: url })
const s3List = (url: string): Source => ({ ...s3(url), path: 's3://box/*.csv' })
const web = (url: string): Source => ({ seed_type: 'http', path: `${url}/a.csv` })
const hub = (url: string): Source => ({
  seed_type: 'hf',
  path: 'datasets/me/set/a.csv',
  endpoint: url,
})

test.each<[string, Refusing, (url: string) => Source, string[]]>([
  ['nothing there', { status: 404 }, web, ['seed-missing seed_config.source.path: ', '/a.csv']],
  ['no right', { status: 403 }, web, ['seed-forbidden', 'it answered 403', 'user:password@']],
  ['another status', { status: 418 }, web, ["can't be read: it answered 418", 'browser']],
  [
    'a gated dataset',
    { status: 403, headers: { 'x-error-message': 'Access to dataset me/set is restricted' } },
    hub,
    ['seed-forbidden', '403 (Access to dataset me/set is restricted)', 'set HF_TOKEN'],
  ],
  [
    'a dataset that is not there',
    { status: 401, headers: { 'x-error-message': 'Repository not found' } },
    hub,
    ['seed-forbidden', '401 (Repository not found)', 'for a dataset that does not exist'],
  ],
  [
    'a bucket of another region, sent on to nowhere',
    { status: 301, headers: { 'x-amz-bucket-region': 'eu-west-3' } },
    s3List,
    ['seed_config.source.region', 'in another region', 'Write region: eu-west-3'],
  ],
  [
    'a signature for another region',
    {
      status: 400,
      body: '<Error><Code>AuthorizationHeaderMalformed</Code><Region>ap-south-1</Region></Error>',
    },
    s3,
    ['400 (AuthorizationHeaderMalformed)', 'Write region: ap-south-1'],
  ],
  [
    'no bucket',
    { status: 404, body: '<Error><Code>NoSuchBucket</Code><Key>K3Y</Key></Error>' },
    s3,
    ['seed-missing', '404 (NoSuchBucket)'],
  ],
  [
    'a list without its end',
    { status: 200, body: '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>' },
    s3List,
    ['seed_config.source.endpoint', 'is cut off'],
  ],
])('%s', async (_, answer, sourceAt, expected) => {
  const said = await refusalOf(answer, sourceAt)
  for (const part of expected) expect(said).toContain(part)
  expect(said).not.toContain('K3Y')
})

test('a token that is wrong is named by its variable', async () => {
  const said = await refusalOf(
    { status: 401, headers: { 'x-error-message': 'Invalid credentials in Authorization header' } },
    hub,
    () => ({ HF_TOKEN: 'hf_wrong' }),
  )
  expect(said).toContain('401 (Invalid credentials in Authorization header)')
  expect(said).toContain('the token in HF_TOKEN')
  expect(said).not.toContain('hf_wrong')
})

/** A server of one Parquet file that answers requests for parts, but for the first, in a separate way. */
async function readParts(
  answer: (response: ServerResponse, from: number, request: IncomingMessage) => void,
): Promise<string> {
  let asked = 0
  await using server = await createFileServer(
    { '/x.parquet': parquet },
    {
      before(request, response) {
        asked += 1
        if (asked === 1) return false
        const [, from = '0'] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? []
        answer(response, Number(from), request)
        return true
      },
    },
  )
  return await saidOf({ seed_type: 'http', path: `${server.url}/x.parquet` })
}

test('parts that end early, are others, or have nothing in them', async () => {
  const head = (from: number, size: number): Record<string, string> => ({
    'content-range': `bytes ${from}-${from + size - 1}/${parquet.length}`,
  })
  const cut = await readParts((response, from, request) => {
    response.writeHead(206, { ...head(from, 1000), 'content-length': '1000' })
    response.write('x', () => request.socket.destroy())
  })
  expect(cut).toMatch(/^seed-unreachable seed_config\.source\.path: .*broke off at byte \d+/)
  const empty = await readParts((response, from) => {
    response.writeHead(206, head(from, 1)).end()
  })
  expect(empty).toContain('broke off at byte')
  const other = await readParts((response) => {
    response.writeHead(206, head(0, 4)).end(parquet.subarray(0, 4))
  })
  expect(other).toContain('gave another part of the file than the one asked for')
  const whole = await readParts((response) => {
    response.writeHead(200).end(parquet)
  })
  expect(whole).toContain('gave no part of the file, but all')
})

test('a file that changes between its first byte and its download is refused', async () => {
  let asked = 0
  await using server = await createFileServer(
    { '/a.csv': 'city\nRome\n' },
    {
      before(_request, _response, _url, files) {
        asked += 1
        if (asked === 2) files.set('/a.csv', Buffer.from('city\nOslo\n'))
      },
    },
  )
  const said = await saidOf(web(server.url))
  expect(said).toContain('changed-meanwhile seed_config.source.path')
  expect(await saidOf(web(server.url))).toBe('1 rows')
})

test('a download that breaks off behind its last byte is whole', async () => {
  const text = Buffer.from('city\nRome\n')
  let asked = 0
  await using server = await createFileServer(
    { '/a.csv': text },
    {
      before(request, response) {
        asked += 1
        if (asked !== 2) return false
        response.writeHead(200, { 'transfer-encoding': 'chunked' })
        response.write(text, () => request.socket.destroy())
        return true
      },
    },
  )
  expect(await saidOf(web(server.url))).toBe('1 rows')
})
