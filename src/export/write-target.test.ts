import { execFileSync } from 'node:child_process'
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeTarget } from './write-target.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowsmith-target-'))
})
afterEach(() => rm(folder, { recursive: true }))

const at = (...names: string[]): string => join(folder, ...names)

async function* broken(): AsyncGenerator<string> {
  yield 'half'
  throw new Error('the rows ended')
}

test('a new file, in a folder that is there', async () => {
  await writeTarget(at('c.txt'), ['x', 'y'])
  expect(await readFile(at('c.txt'), 'utf8')).toBe('xy')
  await expect(writeTarget(at('a', 'c.txt'), ['x'])).rejects.toMatchObject({
    code: 'storage-failed',
  })
})

test('a file is replaced when its successor is complete, and keeps its rights', async () => {
  await writeFile(at('c.txt'), 'old')
  await chmod(at('c.txt'), 0o600)
  await writeFile(at('c.txt.tmp'), "somebody's")
  await expect(writeTarget(at('c.txt'), broken())).rejects.toMatchObject({
    code: 'storage-failed',
    message: expect.stringContaining('c.txt: the rows ended'),
  })
  expect(await readFile(at('c.txt'), 'utf8')).toBe('old')
  await writeTarget(at('c.txt'), ['new'])
  expect(await readFile(at('c.txt'), 'utf8')).toBe('new')
  expect((await stat(at('c.txt'))).mode & 0o777).toBe(0o600)
  expect(await readFile(at('c.txt.tmp'), 'utf8')).toBe("somebody's")
  expect((await readdir(folder)).sort()).toEqual(['c.txt', 'c.txt.tmp'])
})

test('links stay, and what they lead to is written', async () => {
  await mkdir(at('real'))
  await writeFile(at('real', 'data'), 'old')
  await symlink('real/data', at('one'))
  await symlink('one', at('two'))
  await symlink('real/later', at('nothing-yet'))
  await symlink('real', at('folder'))
  await writeTarget(at('two'), ['new'])
  await writeTarget(at('nothing-yet'), ['made'])
  await writeTarget(at('folder', 'third'), ['3'])
  expect(await readlink(at('one'))).toBe('real/data')
  expect(await readlink(at('two'))).toBe('one')
  expect(await readlink(at('nothing-yet'))).toBe('real/later')
  expect(await readFile(at('real', 'data'), 'utf8')).toBe('new')
  expect(await readFile(at('real', 'later'), 'utf8')).toBe('made')
  expect((await readdir(at('real'))).sort()).toEqual(['data', 'later', 'third'])
})

test('a file keeps its second name', async () => {
  await writeFile(at('one'), 'old and long')
  await link(at('one'), at('two'))
  await writeTarget(at('one'), ['new'])
  expect(await readFile(at('two'), 'utf8')).toBe('new')
})

test('links in a circle are refused by name', async () => {
  await symlink('b', at('a'))
  await symlink('a', at('b'))
  await expect(writeTarget(at('a'), ['x'])).rejects.toThrow(/ELOOP/)
  expect(await readlink(at('a'))).toBe('b')
})

test.skipIf(process.platform === 'win32')('pipes and devices get the text and stay', async () => {
  execFileSync('mkfifo', [at('pipe')])
  const [read] = await Promise.all([
    readFile(at('pipe'), 'utf8'),
    writeTarget(at('pipe'), ['a', 'b']),
  ])
  expect(read).toBe('ab')
  expect((await lstat(at('pipe'))).isFIFO()).toBe(true)
  await symlink('/dev/null', at('null'))
  await writeTarget(at('null'), ['gone'])
  expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
})

test.skipIf(process.platform !== 'linux')(
  'an open file is written from where it stands',
  async () => {
    await using file = await open(at('log'), 'w')
    await file.write('first ')
    await writeTarget(`/proc/self/fd/${file.fd}`, ['second'])
    expect(await readFile(at('log'), 'utf8')).toBe('first second')
  },
)
