import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { create, open as openDataset, validate } from '../src/index.ts'
import { builtInRegistry } from '../src/plugins/kind-registry.ts'
import { inspectSeed } from '../src/seeds/inspect-seed.ts'
import { allRows, createScratch, type Scratch } from '../src/seeds/scratch.ts'
import { createFileServer, createHub, etagOf, isSigned } from './support/file-server.ts'

/*
 * Seeds that are somewhere else, over real connections to servers that speak as a web server, the Hub
 * and S3 do.
 */

const { seedSources } = builtInRegistry
const csv = 'city,people\nRome,2750000\nOslo,717000\n'

let scratch: Scratch
let parquet: Uint8Array
let environment: Record<string, string> = {}
beforeAll(async () => {
  scratch = await createScratch()
  parquet = await parquetOf(['Rome', 'Oslo', 'Turin'])
  environment = { XDG_CACHE_HOME: scratch.folder }
})
afterAll(() => scratch[Symbol.asyncDispose]())

async function parquetOf(names: string[], rows = 4000): Promise<Uint8Array> {
  const writer = new ByteWriter()
  const all = Array.from({ length: rows }, (_, at) => names[at % names.length] ?? '')
  await parquetWrite({
    writer,
    rowGroupSize: 1000,
    columnData: [
      { name: 'city', data: all, type: 'STRING' },
      {
        name: 'key',
        data: all.map((_, at) => createHash('md5').update(String(at)).digest('hex')),
        type: 'STRING',
      },
    ],
  })
  return new Uint8Array(writer.getBytes())
}

type Source = { seed_type: string } & Record<string, unknown>

async function inspect(source: Source, more: Record<string, string> = {}) {
  const order = { sampling_strategy: 'ordered', selection_strategy: null } as const
  const config = { source, ...order, rows_per_record: 1 }
  const context = { ...scratch.context, environment: { ...environment, ...more } }
  return inspectSeed(config, context, seedSources)
}

async function opened(source: Source, more: Record<string, string> = {}) {
  const { inspected, problems } = await inspect(source, more)
  expect(problems).toEqual([])
  if (inspected === null) throw new Error('there is no seed')
  return inspected.seed
}

async function faultOf(source: Source, more: Record<string, string> = {}): Promise<string> {
  const { problems } = await inspect(source, more)
  return problems
    .map(
      ({ code, path, message, suggestion }) =>
        `${code} ${path.join('.')}: ${message} ${suggestion}`,
    )
    .join('\n')
}

describe('http', () => {
  test('a text file is downloaded once, and is the seed that a local file is', async () => {
    await using server = await createFileServer({
      '/a/rows.csv': csv,
      '/rows.csv.gz': gzipSync(csv),
    })
    const local = await scratch.open('cities.csv', csv)
    for (const path of ['/a/rows.csv?key=secret', '/rows.csv.gz']) {
      server.calls.length = 0
      const source = { seed_type: 'http', path: server.url + path }
      const seed = await opened(source)
      expect(await allRows(seed)).toEqual([
        ['Rome', 2750000],
        ['Oslo', 717000],
      ])
      expect(seed.identity).toBe(local.identity)
      await opened(source)
      expect(server.calls.filter(({ range }) => range === undefined)).toHaveLength(1)
    }
  })

  test('Parquet is read by ranges', async () => {
    const large = await parquetOf(['Rome', 'Oslo', 'Turin'], 20_000)
    await using server = await createFileServer({ '/x.parquet': large })
    const seed = await opened({ seed_type: 'http', path: `${server.url}/x.parquet` })
    expect([seed.size, seed.columns[0]]).toEqual([20_000, { name: 'city', type: 'string' }])
    expect(server.calls.every(({ range }) => range !== undefined)).toBe(true)
    const rows = await allRows(seed)
    expect([rows.length, rows[7]?.[0]]).toEqual([20_000, 'Oslo'])
    expect(await seed.changed()).toBe(false)
    server.files.set('/x.parquet', Buffer.from(await parquetOf(['Bern'])))
    expect(await seed.changed()).toBe(true)
    await expect(allRows(seed)).rejects.toThrow('changed while the seed was read')
  })

  test.each([
    ['no ranges', { ranges: false }],
    ['no mark at all', { validators: 'none' }],
  ] as const)('Parquet of a server with %s is downloaded', async (_, options) => {
    await using server = await createFileServer({ '/x.parquet': parquet }, options)
    const source = { seed_type: 'http', path: `${server.url}/x.parquet` }
    const seed = await opened(source)
    expect(await allRows(seed)).toHaveLength(4000)
    expect(seed.identity).toBe((await scratch.open('same.parquet', parquet)).identity)
  })

  test('a server that fails for a moment is asked again, and continues where it broke off', async () => {
    let asked = 0
    await using server = await createFileServer(
      { '/x.csv': csv },
      {
        before(request, response) {
          asked += 1
          if (asked === 1) {
            response.writeHead(503, { 'retry-after': '0' }).end()
            return true
          }
          if (asked !== 3) return false
          response.writeHead(200, { 'content-length': csv.length, etag: etagOf(Buffer.from(csv)) })
          response.write(csv.slice(0, 10), () => request.socket.destroy())
          return true
        },
      },
    )
    const seed = await opened({ seed_type: 'http', path: `${server.url}/x.csv` })
    expect(await allRows(seed)).toHaveLength(2)
    expect(server.calls.map(({ range }) => range)).toEqual([
      'bytes=0-0',
      'bytes=0-0',
      undefined,
      'bytes=10-',
    ])
  })

  test('who is not let in, what is not there, and what is not an address', async () => {
    await using server = await createFileServer(
      { '/x.csv': csv },
      {
        before(request, response) {
          if (request.headers.authorization === 'Basic YTpiIGM=') return false
          if (request.url?.startsWith('/open') === true) return false
          response.writeHead(401).end()
          return true
        },
      },
    )
    const at = (path: string) => ({ seed_type: 'http', path: server.url + path })
    expect(await faultOf(at('/x.csv?key=hidden'))).toBe(
      `seed-forbidden seed_config.source.path: The seed can't be used: ${server.url}/x.csv may not be read: ` +
        'it answered 401 A user and a password can be written into it: https://user:password@….',
    )
    expect(await faultOf(at('/open.csv'))).toContain('seed-missing')
    expect(await faultOf({ seed_type: 'http', path: 'x.csv' })).toContain('seed_type: local')
    const named = server.url.replace('://', '://a:b%20c@')
    expect((await opened({ seed_type: 'http', path: `${named}/x.csv` })).size).toBe(2)
  })
})

describe('hf', () => {
  const repository = 'some-org/some-set'
  const branches = () => ({
    main: {
      'README.md': Buffer.from('#'),
      'data/a b.parquet': parquet,
      'data/c.parquet': parquet,
      'other/rows.csv': Buffer.from(csv),
    },
    v1: { 'rows.csv': Buffer.from('city\nBern\n') },
    'refs/convert/parquet': {
      'en/train/0000.parquet': parquet,
      'en/train/0001.parquet': parquet,
      'fr/train/0000.parquet': parquet,
    },
  })

  test('several Parquet files are one table, read by ranges where they are', async () => {
    await using hub = await createHub({
      repository,
      branches: branches(),
      token: 'hf_secret',
      page: 1,
    })
    const source = {
      seed_type: 'hf',
      path: `datasets/${repository}/data/*.parquet`,
      token: 'MY_TOKEN',
      endpoint: hub.url,
    }
    const seed = await opened(source, { MY_TOKEN: 'hf_secret' })
    expect(seed.size).toBe(8000)
    expect(await allRows(seed)).toHaveLength(8000)
    const { identity } = await opened(
      { ...source, path: `hf://${source.path}` },
      { MY_TOKEN: 'hf_secret' },
    )
    expect(identity).toBe(seed.identity)
    const one = await opened(
      { ...source, path: `datasets/${repository}/data/c.parquet` },
      { MY_TOKEN: 'hf_secret' },
    )
    expect(one.identity).toBe((await scratch.open('one.parquet', parquet)).identity)
    // The token is for the Hub, not for where it keeps the contents.
    expect(hub.calls.every(({ authorization }) => authorization === 'Bearer hf_secret')).toBe(true)
    expect(hub.store.calls.length).toBeGreaterThan(0)
    for (const { authorization, range } of hub.store.calls) {
      expect([authorization, range === undefined]).toEqual([undefined, false])
    }
    expect(await faultOf(source)).toContain('MY_TOKEN, which is not set')
    const pasted = await faultOf({ ...source, token: 'hf_pasted' })
    expect(pasted).toContain('secret-invalid seed_config.source.token')
    expect(pasted).not.toContain('hf_pasted')
    const refused = await faultOf({ ...source, token: null }, { HF_TOKEN: 'hf_wrong' })
    expect(refused).toContain('seed-forbidden')
    expect(refused).not.toContain('hf_wrong')
  })

  test('revisions, configs and splits; HF_ENDPOINT', async () => {
    await using hub = await createHub({ repository, branches: branches() })
    const at = (fields: object): Source => ({
      seed_type: 'hf',
      path: `datasets/${repository}`,
      ...fields,
    })
    const own = { HF_ENDPOINT: hub.url }
    const old = await opened(at({ path: `datasets/${repository}@v1/rows.csv` }), own)
    expect(await allRows(old)).toEqual([['Bern']])
    const same = await opened(at({ path: `datasets/${repository}/rows.csv`, revision: 'v1' }), own)
    expect(same.identity).toBe(old.identity)
    expect((await opened(at({ config: 'en' }), own)).size).toBe(8000)
    expect((await opened(at({ config: 'fr', split: 'train' }), own)).size).toBe(4000)
    expect(await faultOf(at({}), own)).toContain('several configs: en, fr Write config')
    expect(await faultOf(at({ config: 'en', split: 'test' }), own)).toContain('no split test')
    expect(await faultOf(at({ path: `datasets/${repository}/x.csv`, split: 'a' }), own)).toContain(
      'unused-field seed_config.source.split',
    )
    expect(await faultOf(at({ path: `datasets/${repository}/other/row.csv` }), own)).toContain(
      'Did you mean other/rows.csv?',
    )
    expect(
      await faultOf(at({ path: `datasets/${repository}/x.csv`, revision: 'v9' }), own),
    ).toContain('revision v9')
    expect(await faultOf(at({ path: 'models/x/y' }))).toContain('wrong-format')
  })

  test('a run continues with the commit it began with', async () => {
    await using hub = await createHub({ repository, branches: branches() })
    const config = {
      seed_config: {
        source: {
          seed_type: 'hf',
          path: `datasets/${repository}/other/rows.csv`,
          endpoint: hub.url,
        },
      },
      columns: [{ name: 'line', column_type: 'expression', expr: '{{ city }}!' }],
    }
    const out = `${scratch.folder}/run`
    const options = { config: { config }, out, environment }
    await create({ ...options, rows: 1 })
    Object.assign(hub.hub.branches, { main: { 'other/rows.csv': Buffer.from('city\nNew\n') } })
    await create({ ...options, rows: 2 })
    // Its rows are missing, as when it was stopped while they were copied; the commit is known.
    for (const name of await readdir(`${out}/seed`)) {
      if (name !== 'pin.json') await rm(`${out}/seed/${name}`)
    }
    await create({ ...options, rows: 3 })
    await using dataset = await openDataset(out)
    const lines: unknown[] = []
    for await (const record of dataset.records()) lines.push(record['line'])
    expect(lines).toEqual(['Rome!', 'Oslo!', 'Rome!'])
    expect(await readFile(`${out}/seed/pin.json`, 'utf8')).toMatch(/some-set@main [0-9a-f]{40}"/)
    await hub[Symbol.asyncDispose]()
    const { rows } = await create({ ...options, rows: 4 })
    expect(rows.accepted).toBe(4)
  })

  test('NeMo Data Designer’s example is sound', async () => {
    const text = await readFile(
      new URL('conformance/ancestor/10.17-hf-seed.yaml', import.meta.url),
      'utf8',
    )
    const files = Object.fromEntries(
      Array.from({ length: 3 }, (_, at) => [`data/${at}.parquet`, parquet]),
    )
    await using hub = await createHub({ repository, branches: { main: files }, token: 't0ken' })
    const { problems } = await validate({
      config: { text: text.replace('{{ text }}', '{{ city }}') },
      environment: { ...environment, HF_ENDPOINT: hub.url, HF_TOKEN: 't0ken' },
    })
    expect(problems).toEqual([])
  })
})

describe('s3', () => {
  const secret = 'a/secret+key'
  const keys = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: secret, AWS_REGION: 'eu-west-1' }

  /** A bucket that only signed requests may read, but for what is public. */
  function bucket(files: Record<string, string | Uint8Array>, page = 1000) {
    return createFileServer(files, {
      before(request, response, url, all) {
        const isPublic = url.pathname.startsWith('/public/')
        if (!isPublic && !isSigned(request, secret)) {
          response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>')
          return true
        }
        if (url.searchParams.get('list-type') !== '2') return false
        const prefix = url.pathname + (url.searchParams.get('prefix') ?? '')
        const matching = [...all].filter(([path]) => path.startsWith(prefix))
        const from = Number(url.searchParams.get('continuation-token') ?? 0)
        const objects = matching.slice(from, from + page).map(([path, content]) => {
          const key = encodeURIComponent(path.slice(url.pathname.length)).replaceAll('%2F', '/')
          const etag = etagOf(content).replaceAll('"', '&quot;')
          return `<Contents><Key>${key}</Key><ETag>${etag}</ETag><Size>${content.length}</Size></Contents>`
        })
        const isCut = from + page < matching.length
        response.end(
          `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isCut}</IsTruncated>${objects.join('')}` +
            `${isCut ? `<NextContinuationToken>${from + page}</NextContinuationToken>` : ''}</ListBucketResult>`,
        )
        return true
      },
    })
  }

  test('signed requests read one key, or all that match', async () => {
    await using server = await bucket(
      {
        '/box/d/a b+(1).parquet': parquet,
        '/box/d/é.parquet': parquet,
        '/box/d/deep/x.parquet': parquet,
        '/box/d/n.txt': 'x',
      },
      2,
    )
    const more = { ...keys, AWS_ENDPOINT_URL_S3: server.url }
    const one = await opened({ seed_type: 's3', path: 's3://box/d/a b+(1).parquet' }, more)
    expect(one.size).toBe(4000)
    expect(await allRows(one)).toHaveLength(4000)
    const all = await opened({ seed_type: 's3', path: 's3://box/d/*.parquet' }, more)
    expect(all.size).toBe(8000)
    expect((await opened({ seed_type: 's3', path: 's3://box/d/**/*.parquet' }, more)).size).toBe(
      12_000,
    )
    expect(
      server.calls.every(({ range, query }) => range !== undefined || query.has('list-type')),
    ).toBe(true)
    const refused = await faultOf(
      { seed_type: 's3', path: 's3://box/d/é.parquet' },
      { ...more, AWS_SECRET_ACCESS_KEY: 'another' },
    )
    expect(refused).toContain('s3://box/d/é.parquet may not be read')
    expect(refused).not.toContain('another')
    expect(await faultOf({ seed_type: 's3', path: 's3://box/e/*.parquet' }, more)).toContain(
      'no key matches',
    )
    expect(await faultOf({ seed_type: 's3', path: 'box/x.csv' }, more)).toContain('wrong-format')
  })

  test('without keys, what is public; endpoint and region in the config', async () => {
    await using server = await bucket({ '/public/x.csv': csv, '/box/x.csv': csv })
    const at = (path: string) => ({ seed_type: 's3', path, endpoint: server.url, region: 'r' })
    expect((await opened(at('s3://public/x.csv'))).size).toBe(2)
    expect(await faultOf(at('s3://box/x.csv'))).toContain('AWS_ACCESS_KEY_ID')
    expect((await opened(at('s3://box/x.csv'), keys)).size).toBe(2)
  })
})
