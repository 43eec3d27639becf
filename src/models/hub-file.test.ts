import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { createHubServer, type HubServerOptions } from '../../test/support/hub-server.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { cachedPath, cacheFolder, type HubAddress, hubUrl, readHubAddress } from './hub-address.ts'
import { HubFault } from './hub-download.ts'
import { ensureHubFile } from './hub-file.ts'
import type { ModelEvent } from './provider.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

const content = Buffer.alloc(300_000, 'weights of a model, over and over; ')
const name = 'owner/tiny-model/some/model.gguf'
const address: HubAddress = {
  repository: 'owner/tiny-model',
  revision: 'main',
  path: 'some/model.gguf',
}
const files = { [name]: content }
/** Pauses are over at once. */
const hasty: Clock = { ...systemClock, after: (_, callback) => systemClock.after(0, callback) }

async function setup(options: Partial<HubServerOptions> = {}) {
  const server = await createHubServer({ files, large: [name], ...options })
  const folder = await mkdtemp(join(tmpdir(), 'rowsmith-hub-'))
  folders.push(folder)
  const environment: Record<string, string> = {
    HF_ENDPOINT: `${server.url}/`,
    HF_HOME: join(folder, 'tools'),
    XDG_CACHE_HOME: folder,
  }
  const events: ModelEvent[] = []
  const get = (more: { signal?: AbortSignal; environment?: Record<string, string> } = {}) =>
    ensureHubFile(address, {
      environment: { ...environment, ...more.environment },
      clock: hasty,
      signal: more.signal ?? new AbortController().signal,
      onEvent: (event) => events.push(event),
    })
  return { server, environment, folder, events, get }
}

async function faultOf(promise: Promise<unknown>): Promise<HubFault> {
  const error = await promise.then(
    (path) => new Error(`it is at ${String(path)}`),
    (thrown: unknown) => thrown,
  )
  if (error instanceof HubFault) return error
  throw error
}

describe('an address', () => {
  test.each([
    ['hf:owner/name/file.gguf', 'owner/name', 'main', 'file.gguf'],
    ['hf:owner/name@v1.2/onnx/model.onnx', 'owner/name', 'v1.2', 'onnx/model.onnx'],
    ['hf:owner/name', 'owner/name', 'main', ''],
  ])('%s', (written, repository, revision, path) => {
    expect(readHubAddress(written)).toEqual({ repository, revision, path })
  })

  test.each(['model.gguf', 'hf:owner', 'hf:owner/../file.gguf', 'hf:o/n/../../x', 'hf:a/..', ''])(
    '%s is none',
    (written) => expect(readHubAddress(written)).toBeNull(),
  )

  test('leads to the Hub or its mirror, and into the cache', () => {
    expect(hubUrl({ ...address, path: 'a b/c.gguf' }, {}).pathname).toBe(
      '/owner/tiny-model/resolve/main/a%20b/c.gguf',
    )
    expect(hubUrl(address, { HF_ENDPOINT: 'http://mirror:80/hub/' }).href).toBe(
      'http://mirror/hub/owner/tiny-model/resolve/main/some/model.gguf',
    )
    expect(cachedPath(address, { XDG_CACHE_HOME: '/c' })).toBe(
      join(
        cacheFolder(process.platform, { XDG_CACHE_HOME: '/c' }),
        'hub',
        name.replace('some', 'main/some'),
      ),
    )
  })
})

describe('a file', () => {
  test.each([
    ['large', [name]],
    ['small', []],
  ])('that is %s is downloaded once, with its progress', async (_, large) => {
    const { server, environment, events, get } = await setup({ large })
    const path = await get()
    expect(path).toBe(cachedPath(address, environment))
    expect(await readFile(path)).toEqual(content)
    expect(events.at(-1)).toEqual({
      type: 'download-progress',
      path: 'model.gguf',
      bytes: content.length,
      totalBytes: content.length,
    })
    expect((await readdir(dirname(path))).toSorted()).toEqual(['model.gguf', 'model.gguf.lock'])
    const asked = server.calls.length
    expect(await get()).toBe(path)
    expect(server.calls).toHaveLength(asked)
    await server[Symbol.asyncDispose]()
  })

  test.each([
    ['large', [name]],
    ['small', []],
  ])('that is %s continues where the connection broke', async (_, large) => {
    const { server, get } = await setup({
      large,
      breaksAfter: (call) => (call < 2 ? 100_000 : null),
    })
    expect(await readFile(await get())).toEqual(content)
    expect(server.sent).toBe(content.length)
    const ranges = server.calls.flatMap(({ range }) => (range === null ? [] : [range]))
    expect([...new Set(ranges)]).toEqual(['bytes=100000-', 'bytes=200000-'])
    await server[Symbol.asyncDispose]()
  })

  test('that broke off again and again is continued by the next run', async () => {
    let most: number | null = 0
    const { server, environment, get } = await setup({ breaksAfter: () => most })
    const first = await faultOf(get())
    expect([first.code, first.message]).toEqual([
      'download-failed',
      expect.stringContaining('the next run continues'),
    ])
    const path = cachedPath(address, environment)
    await writeFile(`${path}.part`, content.subarray(0, 250_000))
    most = null
    const before = server.sent
    expect(await readFile(await get())).toEqual(content)
    expect(server.sent - before).toBe(50_000)
    await server[Symbol.asyncDispose]()
  })

  test('that changed meanwhile begins anew', async () => {
    const { server, environment, get } = await setup()
    const path = cachedPath(address, environment)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(`${path}.part`, 'of an older version')
    await writeFile(`${path}.part.etag`, '"another"')
    expect(await readFile(await get())).toEqual(content)
    expect(server.sent).toBe(content.length)
    await server[Symbol.asyncDispose]()
  })

  test('that comes damaged is not a file', async () => {
    const sends = Buffer.from(content).fill('x', 10, 20)
    const { server, environment, get } = await setup({ sends })
    const fault = await faultOf(get())
    expect([fault.code, fault.message]).toEqual([
      'download-failed',
      expect.stringContaining('its hash is'),
    ])
    const path = cachedPath(address, environment)
    expect(await readdir(dirname(path))).not.toContain('model.gguf')
    await server[Symbol.asyncDispose]()
  })

  test.each([
    [404, 'model-missing', 'there is no'],
    [401, 'model-missing', 'HF_TOKEN'],
    [400, 'download-failed', 'answered 400'],
    [503, 'download-failed', 'answered 503'],
  ])('that is answered with %s', async (status, code, words) => {
    const { server, get } = await setup({ status: () => status })
    const fault = await faultOf(get())
    expect([fault.code, fault.message]).toEqual([code, expect.stringContaining(words)])
    await server[Symbol.asyncDispose]()
  })

  test('a token goes to the Hub, and offline nothing is asked', async () => {
    const { server, get } = await setup({ token: 'hf_secret' })
    const offline = await faultOf(get({ environment: { HF_HUB_OFFLINE: '1' } }))
    expect(offline.message).toContain('HF_HUB_OFFLINE')
    expect(server.calls).toHaveLength(0)
    await get({ environment: { HF_TOKEN: 'hf_secret' } })
    expect(server.calls[0]?.authorization).toBe('Bearer hf_secret')
    await server[Symbol.asyncDispose]()
  })

  test("that the Hub's own tools have is taken from there", async () => {
    const { server, folder, get } = await setup()
    const own = join(folder, 'tools/hub/models--owner--tiny-model')
    const path = join(own, 'snapshots/abc/some/model.gguf')
    await mkdir(dirname(path), { recursive: true })
    await mkdir(join(own, 'refs'))
    await writeFile(join(own, 'refs/main'), 'abc\n')
    await writeFile(path, 'weights')
    expect(await get()).toBe(path)
    expect(server.calls).toHaveLength(0)
    await server[Symbol.asyncDispose]()
  })

  test('an abort ends the wait, and what was brought stays', async () => {
    const controller = new AbortController()
    const reason = new Error('stopped by the test')
    const { server, environment, get } = await setup({
      breaksAfter: () => 1000,
      status(call) {
        if (call > 2) controller.abort(reason)
        return null
      },
    })
    await expect(get({ signal: controller.signal })).rejects.toBe(reason)
    const { size } = await stat(`${cachedPath(address, environment)}.part`)
    expect(size).toBeGreaterThanOrEqual(1000)
    await server[Symbol.asyncDispose]()
  })
})

test('two processes at once download it once', async () => {
  const { server, environment, get } = await setup()
  const module = fileURLToPath(new URL('hub-file.ts', import.meta.url))
  const script = `
    const { ensureHubFile } = await import(${JSON.stringify(module)})
    const { systemClock: clock } = await import(${JSON.stringify(module.replace('models/hub-file', 'util/clock'))})
    const { signal } = new AbortController()
    const options = { environment: process.env, clock, signal, onEvent: () => undefined }
    console.log(await ensureHubFile(${JSON.stringify(address)}, options))`
  const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ...environment },
  })
  const [path, other, { stdout }] = await Promise.all([get(), get(), child])
  expect([other, stdout.trim()]).toEqual([path, path])
  expect(server.sent).toBe(content.length)
  await server[Symbol.asyncDispose]()
})
