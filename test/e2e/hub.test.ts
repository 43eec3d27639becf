import { appendFile, cp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { create, open, pull, type PushOptions, type Pushed, validate } from '../../src/index.ts'
import { createModelServer, type ModelServer } from '../../src/testing/model-server.ts'
import { type Clock, systemClock } from '../../src/util/clock.ts'
import { createHubRepositories, type HubRepositories } from '../support/hub-repository.ts'
import { createDesk, type Desk } from './command.ts'

const writeToken = 'hf_mayWriteEverything'
const readToken = 'hf_mayReadEverything'
const tokens = { [writeToken]: 'write', [readToken]: 'read' } as const
const modelKey = 'key-0123456789-very-secret'

/** Pauses between attempts take no time. */
const clock: Clock = { ...systemClock, after: (_ms, callback) => systemClock.after(0, callback) }

let desk: Desk
let models: ModelServer
/** A complete run, which the tests only read. */
let stories = ''

beforeAll(async () => {
  desk = await createDesk()
  models = await createModelServer({
    apiKey: modelKey,
    script({ path, prompt }) {
      if (!path.endsWith('/images/generations')) return { text: `About ${prompt} | <b>` }
      const bytes = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from(prompt)])
      return { body: JSON.stringify({ data: [{ b64_json: bytes.toString('base64') }] }) }
    },
  })
  stories = desk.path('stories')
  await make(stories, 6)
}, 60_000)

afterAll(async () => {
  await models[Symbol.asyncDispose]()
  await desk[Symbol.asyncDispose]()
})

async function make(out: string, rows: number): Promise<void> {
  const { end } = await create({
    config: { config: configAt(models.url), name: 'stories' },
    environment: { MODEL_KEY: modelKey },
    runConfig: { part_rows: 4, buffer_size: 4 },
    seed: 7n,
    rows,
    out,
  })
  if (end.kind !== 'complete') throw new Error(`the run ended as ${end.kind}`)
}

function configAt(endpoint: string): object {
  const common = { provider: 'local', skip_health_check: true }
  return {
    model_providers: [{ name: 'local', endpoint, api_key: 'MODEL_KEY' }],
    model_configs: [
      { ...common, alias: 'writer', model: 'small' },
      {
        ...common,
        alias: 'painter',
        model: 'gpt-image-1',
        inference_parameters: { generation_type: 'image' },
      },
    ],
    columns: [
      {
        name: 'animal',
        column_type: 'sampler',
        sampler_type: 'category',
        params: { values: ['otter', 'owl'] },
      },
      {
        name: 'size',
        column_type: 'sampler',
        sampler_type: 'uniform',
        params: { low: 1.0, high: 3 },
      },
      { name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} },
      {
        name: 'picture',
        column_type: 'image',
        model_alias: 'painter',
        prompt: 'An {{ animal }} with the number {{ id }}',
      },
      {
        name: 'story',
        column_type: 'llm-text',
        model_alias: 'writer',
        // Somebody pasted a key where it does not belong.
        system_prompt: `You write. ${modelKey}`,
        prompt: 'An {{ animal }}.\nWith ```code``` in it: yes',
      },
    ],
    processors: [
      { name: 'chat', processor_type: 'schema_transform', template: { user: '{{ story }}' } },
    ],
  }
}

function environmentOf(hub: HubRepositories, token: string | null = writeToken) {
  return {
    HF_ENDPOINT: hub.url,
    MODEL_KEY: modelKey,
    ...(token === null ? {} : { HF_TOKEN: token }),
  }
}

async function push(
  hub: HubRepositories,
  options: PushOptions = {},
  directory = stories,
): Promise<Pushed> {
  await using dataset = await open(directory, { clock })
  return dataset.push('jane/stories', { environment: environmentOf(hub), ...options })
}

test('a push has the dataset, its media and a card; the same again sends nothing', async () => {
  await using hub = await createHubRepositories({ tokens })
  const planned = await push(hub, { dryRun: true })
  expect(planned).toMatchObject({ created: true, commit: null, unchanged: 0 })
  expect(hub.repositories.size).toBe(0)

  const events: object[] = []
  const pushed = await push(hub, { private: true, onEvent: (event) => events.push(event) })
  expect(pushed).toMatchObject({ url: `${hub.url}/datasets/jane/stories`, created: true })
  expect(pushed.sent.map(({ path }) => path)).toEqual(planned.sent.map(({ path }) => path))
  expect(hub.repositories.get('jane/stories')?.isPrivate).toBe(true)
  expect(events.length).toBeGreaterThan(0)
  const paths = hub.paths('jane/stories')
  expect(paths.filter((path) => path.startsWith('media/'))).toHaveLength(6)
  expect(paths.filter((path) => !path.startsWith('media/'))).toEqual([
    '.gitattributes',
    'README.md',
    'config.yaml',
    'data/train-00000-of-00001.parquet',
    'processors-files/chat/train-00000-of-00001.parquet',
    'rowsmith.json',
  ])

  const card = hub.text('jane/stories', 'README.md')
  const [, front = '', ...body] = card.split(/^---$/m)
  expect(parse(front)).toMatchObject({
    pretty_name: 'stories',
    tags: ['synthetic', 'rowsmith'],
    size_categories: ['n<1K'],
    configs: [
      { config_name: 'default', default: true, data_files: [{ path: 'data/train-*.parquet' }] },
      { config_name: 'chat', data_files: [{ path: 'processors-files/chat/train-*.parquet' }] },
    ],
    dataset_info: [
      {
        config_name: 'default',
        features: [
          { name: 'animal', dtype: 'string' },
          { name: 'size', dtype: 'float64' },
          { name: 'id', dtype: 'string' },
          { name: 'picture', dtype: 'string' },
          { name: 'story', dtype: 'string' },
        ],
        splits: [{ name: 'train', num_examples: 6 }],
      },
      { config_name: 'chat' },
    ],
  })
  const text = body.join('---')
  expect(text).toContain('6 synthetic records, made with rowsmith 0.1.0')
  expect(text).toMatch(/\| `animal` \| string \| sampler \|  \| 2 \| .*otter \d+ %/)
  expect(text).toContain('| run seed | 7 |')
  expect(text).toContain('| `writer` | `small` | `local` |')
  expect(text).toContain('You write. ***')
  expect(text).toContain('````text\nAn {{ animal }}.\nWith ```code``` in it: yes\n````')
  expect(text).toMatch(/12 requests; .* tokens in/)
  expect(text).toContain('rowsmith create config.yaml -n 6 --seed 7 --providers providers.yaml')
  for (const path of paths) {
    expect(hub.text('jane/stories', path).includes(modelKey), path).toBe(false)
    expect(hub.text('jane/stories', path).includes(writeToken), path).toBe(false)
  }
  expect(JSON.parse(hub.text('jane/stories', 'rowsmith.json'))).toMatchObject({
    rowsmith: '0.1.0',
    seed: '7',
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    models: [{ alias: 'writer' }, { alias: 'painter' }],
    usage: { inputTokens: expect.any(Number) },
  })

  // The config makes the same dataset again.
  const yaml = hub.text('jane/stories', 'config.yaml')
  expect(yaml).toContain('prompt: |-\n')
  const checked = await validate({ config: { text: yaml }, environment: { MODEL_KEY: modelKey } })
  // Where its models are asked is not published.
  expect(new Set(checked.problems.map(({ code }) => code))).toEqual(new Set(['unknown-provider']))

  const again = await push(hub)
  expect(again).toMatchObject({ sent: [], removed: [], unchanged: 11, created: false })
  expect(again.commit).toBe(pushed.commit)
})

test('what people write into the card stays, and files of a larger dataset go', async () => {
  await using hub = await createHubRepositories({ tokens })
  await push(hub)
  const card = hub.text('jane/stories', 'README.md')
  const own = card
    .replace('---\n', '---\nlicense: cc-by-4.0\n')
    .replace('- synthetic', '- animals\n  - synthetic')
  hub.put('jane/stories', {
    'README.md': `${own}\nWrite to Jane.\n`,
    'data/train-00001-of-00002.parquet': 'of a larger one',
    'data/notes.txt': 'by Jane',
  })
  const { removed, sent } = await push(hub, { message: 'Six stories' })
  expect(removed).toEqual(['data/train-00001-of-00002.parquet'])
  expect(sent).toEqual([])
  expect(hub.paths('jane/stories')).toContain('data/notes.txt')
  expect(hub.commits('jane/stories').at(-1)?.message).toBe('Six stories')
  const now = hub.text('jane/stories', 'README.md')
  expect(parse(now.split(/^---$/m)[1] ?? '')).toMatchObject({
    license: 'cc-by-4.0',
    tags: ['animals', 'synthetic', 'rowsmith'],
  })
  expect(now.match(/^# stories$/gm)).toHaveLength(1)
  expect(now).toContain('Write to Jane.')

  const branch = await push(hub, { revision: 'next' })
  expect(branch).toMatchObject({ revision: 'next', created: false, sent: [] })
  expect(hub.paths('jane/stories', 'next')).toEqual(hub.paths('jane/stories'))
})

test('a push that broke sends what is missing, and fails for a moment without an end', async () => {
  await using hub = await createHubRepositories({ tokens, partBytes: 1_500 })
  // However often it is tried.
  hub.disturb = ({ path }) =>
    path.startsWith('/store/') && hub.uploaded.length > 1 ? { status: 503 } : null
  await expect(push(hub)).rejects.toMatchObject({
    code: 'hub-unreachable',
    hints: [expect.stringContaining('what was sent stays there')],
  })
  hub.disturb = ({ path }) => (/^\/(?:store|parts)\//.test(path) ? { cutAfter: 1 } : null)
  await expect(push(hub)).rejects.toMatchObject({ code: 'hub-unreachable' })
  expect(hub.commits('jane/stories')).toHaveLength(1)
  const kept = new Set(hub.uploaded)
  expect(kept.size).toBeGreaterThan(0)

  // Single failures are tried again; whatever is there is not sent a second time.
  hub.disturb = ({ attempt, method }) =>
    method !== 'GET' && attempt === 0 ? { status: 502 } : null
  const before = hub.uploaded.length
  await push(hub)
  expect(hub.uploaded.slice(before).filter((oid) => kept.has(oid))).toEqual([])
  expect(new Set(hub.uploaded).size).toBe(hub.uploaded.length)
  expect(hub.paths('jane/stories')).toHaveLength(12)
})

test('refusals of the Hub say what to do', async () => {
  await using hub = await createHubRepositories({ tokens })
  const refusal = async (options: PushOptions, directory = stories): Promise<string> => {
    const error: unknown = await push(hub, options, directory).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    const { code, message, hints } = error as { code: string; message: string; hints: string[] }
    return `${code}: ${message} ${hints.join(' ')}`.replaceAll(hub.url, '<hub>')
  }
  const withToken = (token: string | null): PushOptions => ({
    environment: environmentOf(hub, token),
  })
  expect(await refusal(withToken(null))).toBe(
    'hub-refused: a push needs a token, and HF_TOKEN is not set Create a token with write access at <hub>/settings/tokens, and set HF_TOKEN to it.',
  )
  expect(await refusal(withToken('sk-1'))).toContain('those begin with hf_')
  expect(await refusal(withToken('hf_unknown'))).toMatch(/^hub-refused: .*401/)
  expect(await refusal(withToken(readToken))).toMatch(
    /^hub-refused: the token in HF_TOKEN may not write to jane\/stories \(403: .*\) Use a token that may write for jane/,
  )
  expect(await refusal({ create: false })).toContain('<hub> has no dataset jane/stories')
  expect(await refusal({ tokenEnv: 'JANE' })).toContain('JANE is not set')
  expect(await refusal({ tokenEnv: writeToken })).not.toContain(writeToken)
  expect(await refusal({ endpoint: 'hub' })).toContain('hub is not an address of a Hub')
  const misspelt: object = { privat: true }
  expect(await refusal(misspelt)).toContain("push() has no option 'privat' Did you mean 'private'?")
  await using dataset = await open(stories)
  await expect(dataset.push('https://hub/datasets/jane/stories')).rejects.toMatchObject({
    code: 'usage',
    hints: ['Did you mean jane/stories?'],
  })
  expect(hub.repositories.size).toBe(0)

  // Somebody commits while files are sent.
  hub.disturb = ({ path }) => {
    if (path.includes('/preupload/')) hub.put('jane/stories', { 'NOTES.md': 'x' })
    return null
  }
  expect(await refusal({})).toMatch(/changed during the push \(412/)
  hub.disturb = () => null
  expect((await push(hub)).commit).not.toBeNull()

  // Data of somebody else, and a run that is not complete.
  hub.put('jane/stories', { 'train.csv': 'a,b' })
  expect(await push(hub)).toMatchObject({ sent: [] })
  hub.repositories.delete('jane/stories')
  hub.put('jane/stories', { 'train.csv': 'a,b' })
  expect(await refusal({})).toContain('has data that no push of rowsmith made, such as train.csv')
  expect(await push(hub, { force: true })).toMatchObject({ created: false })

  const copy = desk.path('damaged')
  await cp(stories, copy, { recursive: true })
  await appendFile(join(copy, 'data/train-00000-of-00001.parquet'), 'x')
  hub.repositories.delete('jane/stories')
  expect(await refusal({}, copy)).toMatch(/^file-damaged: /)
})

test('a pull verifies what it fetches, goes on after a break, and replaces nothing', async () => {
  await using hub = await createHubRepositories({ tokens })
  await push(hub)
  const environment = environmentOf(hub)
  const to = desk.path('pulled')
  // The connection breaks for good behind the first file.
  let cut = true
  hub.disturb = ({ path }) => (cut && path.startsWith('/cdn/') ? { status: 500 } : null)
  const options = { environment, clock }
  await expect(pull('jane/stories', to, options)).rejects.toMatchObject({ code: 'hub-unreachable' })
  cut = false
  const pulled = await pull('jane/stories', to, options)
  expect(pulled).toMatchObject({ isRun: false, commit: hub.commits('jane/stories').at(-1)?.id })
  expect(pulled.downloaded.length + pulled.unchanged).toBe(11)
  const file = 'data/train-00000-of-00001.parquet'
  expect(await readFile(join(to, file))).toEqual(await readFile(join(stories, file)))
  expect(await pull('jane/stories', to, options)).toMatchObject({ downloaded: [], unchanged: 11 })

  // As the seed of another dataset.
  const seeded = await create({
    config: {
      config: {
        seed_config: { source: { seed_type: 'local', path: `${to}/data/*.parquet` } },
        columns: [{ name: 'copy', column_type: 'expression', expr: '{{ animal }}' }],
      },
    },
    rows: 6,
    out: desk.path('seeded'),
  })
  expect(seeded.rows.accepted).toBe(6)

  await writeFile(join(to, 'config.yaml'), 'mine')
  await expect(pull('jane/stories', to, options)).rejects.toMatchObject({
    code: 'folder-foreign',
    message: expect.stringContaining('such as config.yaml') as string,
  })
  await pull('jane/stories', to, { ...options, force: true })
  expect(await readFile(join(to, 'config.yaml'), 'utf8')).toContain('columns:')
  await expect(pull('jane/other', to, options)).rejects.toMatchObject({ code: 'hub-refused' })
  await expect(pull('jane/stories', to, { ...options, revision: 'v9' })).rejects.toMatchObject({
    code: 'hub-refused',
  })

  hub.put('jane/stories', { 'data/../../escape.txt': 'x' })
  const target = desk.path('elsewhere')
  await expect(pull('jane/stories', target, options)).rejects.toMatchObject({
    message: expect.stringContaining('is outside the folder') as string,
  })
  await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('with the run folder, what is pulled is a run; the commands tell what they did', async () => {
  await using hub = await createHubRepositories({ tokens })
  const environment = environmentOf(hub)
  const dry = await desk.run(['push', 'stories', 'jane/run', '--dry-run'], environment)
  expect(dry.code, dry.stderr).toBe(0)
  expect(dry.stderr).toMatch(/would create it, 11 files would be sent/)
  const words = ['push', 'stories', 'jane/run', '--with-run', '--private', '--json']
  const pushed = await desk.run(words, environment)
  expect(pushed.code, pushed.stderr).toBe(0)
  expect(JSON.parse(pushed.stdout)).toMatchObject({ repository: 'jane/run', created: true })
  const again = await desk.run(['push', 'stories', 'jane/run', '--with-run'], environment)
  expect(again.stderr).toMatch(/\/datasets\/jane\/run: nothing to send, \d+ files unchanged\n$/)

  const pulled = await desk.run(['pull', 'jane/run', 'copy'], environment)
  expect(pulled.code, pulled.stderr).toBe(0)
  expect(pulled.stderr).toContain('It is a run folder: rowsmith show copy')
  const shown = await desk.run(['show', 'copy', '--json'])
  expect(JSON.parse(shown.stdout)).toMatchObject({ rows: { accepted: 6 }, complete: true })
  const both = ['stories', 'copy'].map((folder) =>
    desk.run(['export', folder, '--to', `${folder}.jsonl`]),
  )
  for (const { code, stderr } of await Promise.all(both)) expect(code, stderr).toBe(0)
  expect(await desk.read('copy.jsonl')).toBe(await desk.read('stories.jsonl'))
  // Another state of a run is never mixed into a run folder.
  await appendFile(desk.path('copy', 'ledger.sqlite'), 'x')
  const mixed = await desk.run(['pull', 'jane/run', 'copy', '--force'], environment)
  expect(mixed.stderr).toContain('pull into another folder')

  // Without it, the files of the run go from the repository.
  const less = await desk.run(['push', 'stories', 'jane/run', '--json'], environment)
  expect((JSON.parse(less.stdout) as Pushed).removed).toContain('ledger.sqlite')
  expect(hub.paths('jane/run').some((path) => path.startsWith('parts/'))).toBe(false)

  const wrong = await desk.run(
    ['push', 'stories', 'jane/run', '--token-env', 'NO_SUCH'],
    environment,
  )
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain('the environment variable NO_SUCH is not set')
})
