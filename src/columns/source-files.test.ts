import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSourceFiles } from './source-files.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rowsmith-sources-'))
})
afterAll(() => rm(root, { recursive: true }))

const project = {
  'columns.ts': `
    import { a } from './lib/a.ts'
    import './effect.js'
    export * from "./types.ts"
    import data from './data.json' with { type: 'json' }
    import zod from 'zod'
    import type { Other } from './other.ts'
    export type {
      More,
    } from './other.ts'
    // import './comment.ts', which is nowhere
    const lazy = () => import('./lazy.ts')
    const old = require('./old')
  `,
  'lib/a.ts': `import { b } from '../b.ts'; import './a.ts'`,
  'b.ts': `export {\n  c,\n} from\n  './lib/a.ts'`,
  'effect.js': '',
  'types.ts': '',
  'data.json': '{}',
  'lazy.ts': '',
  'old.js': '',
  'other.ts': '',
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, folder, name)), { recursive: true })
    await writeFile(join(root, folder, name), content)
  }
  return join(root, folder, 'columns.ts')
}

const { signal } = new AbortController()

test('the files a file imports, by whatever form, and what these import', async () => {
  const entry = await write('one', project)
  const { files } = await readSourceFiles(entry, signal)
  const names = [...files.keys()].map((path) => relative(dirname(entry), path)).toSorted()
  expect(names).toEqual(
    Object.keys(project)
      .filter((name) => name !== 'other.ts')
      .toSorted(),
  )
})

test('the hash is of contents and not of places, and any of them counts', async () => {
  const { hash } = await readSourceFiles(await write('two', project), signal)
  const moved = await write('elsewhere/deep', project)
  expect((await readSourceFiles(moved, signal)).hash).toBe(hash)
  await write('elsewhere/deep', { 'other.ts': 'export {}' })
  expect((await readSourceFiles(moved, signal)).hash).toBe(hash)
  await write('elsewhere/deep', { 'b.ts': `${project['b.ts']} ` })
  expect((await readSourceFiles(moved, signal)).hash).not.toBe(hash)
})

test('a file that is not there is an error of the file system', async () => {
  await expect(readSourceFiles(join(root, 'nowhere.ts'), signal)).rejects.toThrow(/ENOENT/)
})
