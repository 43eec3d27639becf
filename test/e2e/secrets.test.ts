import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { create } from '../../src/run/run.ts'
import { createModelServer, type ServerAction } from '../../src/testing/model-server.ts'
import { createDesk, type Desk } from './command.ts'
import { stories } from './configs.ts'

const key = 'sk-live-Zq7Xw2Vb9Kt4Lm8Rp3Ns6Yd1'
const environment = { STORY_KEY: key }
/** Texts that give the key away: as it is, and as some reader of it may write it. */
const forms = [key, Buffer.from(key).toString('base64'), Buffer.from(key).toString('hex')]

const found: string[] = []
let looked = 0

afterEach(() => {
  found.length = 0
  looked = 0
})

/** Looks into a text for the key. */
function look(where: string, text: Buffer | string): void {
  looked += 1
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  if (forms.some((form) => bytes.includes(form))) found.push(where)
}

async function lookIntoFolder(desk: Desk): Promise<number> {
  const entries = await readdir(desk.directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  for (const { parentPath, name } of files) {
    look(join(parentPath, name), await readFile(join(parentPath, name)))
  }
  return files.length
}

async function lookIntoCommands(desk: Desk, ...commands: string[][]): Promise<number[]> {
  const codes: number[] = []
  for (const parameters of commands) {
    const { code, stdout, stderr } = await desk.run(parameters, environment)
    look(`stdout of ${parameters.join(' ')}`, stdout)
    look(`stderr of ${parameters.join(' ')}`, stderr)
    codes.push(Number(code))
  }
  return codes
}

/** A server that repeats everything it received in what it refuses. */
function echoing(
  refuse: (number: number) => ServerAction | null,
): Parameters<typeof createModelServer>[0] {
  return {
    script: ({ number, headers }) => {
      const action = refuse(number)
      if (action === null) return {}
      const error = `refused ${headers.authorization} / ${JSON.stringify(headers)}`
      return { ...action, error }
    },
  }
}

test('a run that works leaves the key nowhere', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ apiKey: key })
  await desk.write('tales.json', stories({ url: server.url, apiKey: 'STORY_KEY' }))

  const codes = await lookIntoCommands(
    desk,
    ['create', 'tales.json', '-n', '6', '--json'],
    ['create', 'tales.json', '-n', '8'],
    ['show', 'runs/tales', '--json'],
    ['export', 'runs/tales', '--to', 'tales.jsonl'],
    ['preview', 'tales.json', '--json'],
    ['validate', 'tales.json', '--json'],
  )

  expect(codes).toEqual([0, 0, 0, 0, 0, 0])
  expect(await lookIntoFolder(desk)).toBeGreaterThan(6)
  expect(found).toEqual([])
  expect(looked).toBeGreaterThan(18)
})

test.each([
  ['400', 400],
  ['401', 401],
  ['429, then 403', 403],
  ['500', 500],
])('a server that echoes the key with %s', async (_name, status) => {
  await using desk = await createDesk()
  await using server = await createModelServer(
    echoing((number) => {
      if (number < 3) return null
      return status === 403 && number < 5 ? { status: 429 } : { status }
    }),
  )
  await desk.write('tales.json', stories({ url: server.url, apiKey: 'STORY_KEY' }))
  await desk.write(
    'run.yaml',
    'max_attempts: 2\nmax_outage: 1\nrequest_admission: { cooldown_seconds: 0.05 }\n',
  )

  const [code] = await lookIntoCommands(
    desk,
    ['create', 'tales.json', '-n', '12', '--json', '--run-config', 'run.yaml'],
    ['show', 'runs/tales'],
    ['show', 'runs/tales', '--json'],
    ['create', 'tales.json', '--run-config', 'run.yaml'],
    ['export', 'runs/tales', '--to', 'tales.csv'],
  )

  expect(code).toBeGreaterThan(2)
  expect(await lookIntoFolder(desk)).toBeGreaterThan(4)
  expect(found).toEqual([])
  const log = await readFile(desk.path('runs', 'tales', 'rowsmith.log'), 'utf8')
  expect(log, 'the text of the server is in the log, without the key').toContain('refused')
})

test('a key inside an answer that is not JSON', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number, headers }) =>
      number < 2 ? {} : { body: `<html>proxy saw ${headers.authorization}</html>` },
  })
  await desk.write('tales.json', stories({ url: server.url, apiKey: 'STORY_KEY' }))
  await desk.write('run.yaml', 'max_attempts: 1\n')

  await lookIntoCommands(
    desk,
    ['create', 'tales.json', '-n', '4', '--run-config', 'run.yaml'],
    ['show', 'runs/tales', '--json'],
  )

  await lookIntoFolder(desk)
  expect(found).toEqual([])
})

test('a key written into an extra header', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer(
    echoing((number) => (number < 2 ? null : { status: 400 })),
  )
  const literal = stories({
    url: server.url,
    provider: { extra_headers: { Authorization: `Bearer ${key}` } },
  })
  const config = await desk.write('tales.json', literal)

  const [code] = await lookIntoCommands(
    desk,
    ['create', 'tales.json', '-n', '4'],
    ['show', 'runs/tales', '--json'],
    ['create', 'tales.json', '--retry-dropped', '--json'],
    ['export', 'runs/tales'],
  )

  expect(code).toBe(3)
  // The user's own file is the one place that has it.
  await lookIntoFolder(desk)
  expect(found).toEqual([config])
})

test('a refusal has the key nowhere in its chain of causes', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer(echoing(() => ({ status: 401 })))

  const error: unknown = await create({
    config: { config: stories({ url: server.url, apiKey: 'STORY_KEY' }) },
    out: desk.path('run'),
    environment,
  }).then(
    (result) => new Error(`expected a refusal, got ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  )

  let depth = 0
  for (let at = error; at instanceof Error; at = at.cause, depth += 1) {
    look(`message ${depth}`, at.message)
    look(`stack ${depth}`, at.stack ?? '')
    look(`fields ${depth}`, JSON.stringify(at, Object.getOwnPropertyNames(at)))
  }
  expect(error).toMatchObject({ code: 'model-unavailable' })
  expect(depth).toBeGreaterThan(0)
  expect(found).toEqual([])
})

test('an answer that repeats the key is reported, and kept without it', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ headers }) => ({ text: `You sent ${headers.authorization ?? ''}.` }),
  })
  await desk.write('tales.json', stories({ url: server.url, apiKey: 'STORY_KEY' }))

  const created = await desk.run(['create', 'tales.json', '-n', '4'], environment)
  look('stderr', created.stderr)
  expect(created.code, created.stderr).toBe(0)
  expect(created.stderr).toMatch(/Row \d: an answer for column story contained the request's key/)
  expect(created.stderr).toContain("4 answers for column story contained the request's key")
  await lookIntoCommands(desk, ['export', 'runs/tales', '--to', 'tales.jsonl'])
  expect(await desk.read('tales.jsonl')).toContain('You sent Bearer ***.')
  expect(await lookIntoFolder(desk)).toBeGreaterThan(4)
  expect(found).toEqual([])
})
