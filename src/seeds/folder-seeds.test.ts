import { mkdir, rm, symlink, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SeedFault, type OpenedSeed, type SeedSource } from './define.ts'
import { directory } from './directory.ts'
import { fileContents } from './file-contents.ts'
import { inspectSeed } from './inspect-seed.ts'
import { allRows, createScratch, type Scratch } from './scratch.ts'
import { decoderFor } from './text-encoding.ts'

const sources = new Map<string, SeedSource>([
  [directory.type, directory],
  [fileContents.type, fileContents],
])

let scratch: Scratch
beforeAll(async () => {
  scratch = await createScratch()
  for (const inner of ['d/sub/.hid', 'd/a', 'empty', 'big']) {
    await mkdir(join(scratch.folder, inner), { recursive: true })
  }
  await scratch.write('d/one.md', 'x\r\ny\rz')
  await scratch.write('d/bom.md', Buffer.from('efbbbf626f6d', 'hex'))
  await scratch.write('d/latin.txt', Buffer.from('636166e9', 'hex'))
  for (const name of ['.hidden.md', 'sub/s.md', 'sub/.hid/t.md', 'a/z.md', 'a-b.md', 'UP.MD']) {
    await scratch.write(`d/${name}`, name)
  }
  await symlink('one.md', join(scratch.folder, 'd/link.md'))
  await symlink('.', join(scratch.folder, 'd/circle.md'))
})
afterAll(() => scratch[Symbol.asyncDispose]())

type Fields = Record<string, unknown>

async function open(type: 'directory' | 'file_contents', fields: Fields): Promise<OpenedSeed> {
  const source = { seed_type: type, path: 'd', ...fields }
  return type === 'directory'
    ? directory.open(directory.schema.parse(source), scratch.context)
    : fileContents.open(fileContents.schema.parse(source), scratch.context)
}

async function paths(fields: Fields): Promise<unknown[]> {
  return (await allRows(await open('directory', fields))).map((row) => row[2])
}

async function problemOf(fields: Fields): Promise<unknown> {
  const source = { seed_type: 'directory', path: 'd', ...fields }
  const order = { sampling_strategy: 'ordered', selection_strategy: null } as const
  const config = { source, ...order, rows_per_record: 1 }
  const { problems } = await inspectSeed(config, scratch.context, sources)
  return problems.map(({ code, path, message }) => [code, path.at(-1), message])
}

test('files of a folder, by their paths from it', async () => {
  expect(await paths({})).toEqual([
    '.hidden.md',
    'UP.MD',
    'a-b.md',
    'a/z.md',
    'bom.md',
    'latin.txt',
    'link.md',
    'one.md',
    'sub/.hid/t.md',
    'sub/s.md',
  ])
  expect(await paths({ recursive: false, file_pattern: '*.md' })).toEqual([
    '.hidden.md',
    'a-b.md',
    'bom.md',
    'link.md',
    'one.md',
  ])
  expect(await paths({ file_pattern: '?.md' })).toEqual(['a/z.md', 'sub/.hid/t.md', 'sub/s.md'])
  expect(await paths({ file_pattern: '[!a-z]*' })).toEqual(['.hidden.md', 'UP.MD'])
  const { columns, size } = await open('directory', {})
  expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'source_kind string',
    'source_path string',
    'relative_path string',
    'file_name string',
  ])
  expect(size).toBe(10)
  expect((await allRows(await open('directory', { file_pattern: 'z.md' })))[0]).toEqual([
    'directory_file',
    join(scratch.folder, 'd', 'a', 'z.md'),
    'a/z.md',
    'z.md',
  ])
})

test('the texts of files, with lines that end as Python has them', async () => {
  const texts = await allRows(await open('file_contents', { file_pattern: '[bo]*.md' }))
  expect(texts.map((row) => row.slice(2))).toEqual([
    ['bom.md', 'bom.md', 'bom'],
    ['one.md', 'one.md', 'x\ny\nz'],
  ])
  const latin = await open('file_contents', { file_pattern: 'latin.txt', encoding: 'latin-1' })
  expect((await allRows(latin))[0]?.at(-1)).toBe('café')
  await expect(open('file_contents', { file_pattern: 'latin.txt' })).rejects.toThrow(
    `${join(scratch.folder, 'd', 'latin.txt')}: the file is not UTF-8: byte 3 begins no character`,
  )
  await expect(
    open('file_contents', { file_pattern: 'latin.txt', encoding: 'ascii' }),
  ).rejects.toThrow('is not ASCII: byte 3')
})

test('a file too long for a row is refused before it is read', async () => {
  await scratch.write('big/big.txt', '')
  await truncate(join(scratch.folder, 'big/big.txt'), 65 * 1024 * 1024)
  await expect(open('file_contents', { path: 'big' })).rejects.toThrow('more than 64 MiB')
})

test('what is wrong is said with its place', async () => {
  const at = (path: string): string => join(scratch.folder, path)
  expect(await problemOf({ path: 'nowhere' })).toEqual([
    ['seed-missing', 'path', `The seed can't be used: there is no folder ${at('nowhere')}`],
  ])
  expect(await problemOf({ path: 'd/one.md' })).toEqual([
    ['not-a-folder', 'path', `The seed can't be used: ${at('d/one.md')} is not a folder`],
  ])
  expect(await problemOf({ path: 'empty' })).toEqual([
    [
      'seed-missing',
      'file_pattern',
      `The seed can't be used: the folder ${at('empty')} has no file * in it or in a folder below`,
    ],
  ])
  expect(await problemOf({ path: '  ', file_pattern: 'a/b', recursive: 'perhaps' })).toEqual([
    ['wrong-format', 'path', expect.any(String)],
    ['wrong-format', 'file_pattern', expect.any(String)],
    ['wrong-type', 'recursive', expect.any(String)],
  ])
  await expect(open('file_contents', { encoding: 'klingon' })).rejects.toThrow('an encoding')
  await symlink('gone', at('empty/broken.md'))
  expect(await problemOf({ path: 'empty' })).toEqual([
    ['seed-unreadable', 'path', expect.stringContaining('link to a file that is not there')],
  ])
  await rm(at('empty/broken.md'))
})

test('a change is noticed, and one of times alone is none', async () => {
  await mkdir(join(scratch.folder, 'c'))
  const path = await scratch.write('c/a.txt', 'one')
  const source = fileContents.schema.parse({ seed_type: 'file_contents', path: 'c' })
  const seed = await fileContents.open(source, scratch.context)
  const stamp = () => fileContents.stamp(source, scratch.context)
  expect(await seed.changed()).toBe(false)
  await utimes(path, 1, 1)
  expect((await stamp())?.stamp).not.toBe(seed.stamp)
  expect(await (await stamp())?.identity()).toBe(seed.identity)
  await scratch.write('c/a.txt', 'two')
  expect(await seed.changed()).toBe(true)
  expect(await (await stamp())?.identity()).not.toBe(seed.identity)
  await rm(path)
  expect(await stamp()).toBeNull()
  await rm(join(scratch.folder, 'c'), { recursive: true })
  expect(await stamp()).toBeNull()
})

test('reading stops when it is aborted', async () => {
  const seed = await open('file_contents', { file_pattern: '*.md' })
  const reason = new Error('stopped')
  const rows = seed.rows({ signal: AbortSignal.abort(reason) })
  await expect(Array.fromAsync(rows)).rejects.toBe(reason)
})

test.each([
  ['UTF8', '636166c3a9', 'café'],
  ['utf-8-sig', 'efbbbf61', 'a'],
  ['iso-8859-1', '80', '\u0080'],
  ['cp1252', '80', '€'],
  ['windows-1251', 'e4', 'д'],
  ['utf-16', 'fffe6100', 'a'],
  ['utf-16', 'feff0061', 'a'],
  ['utf_16_be', '0061', 'a'],
  ['Shift-JIS', '93fa', '日'],
  ['gb2312', 'c4e3', '你'],
  ['iso8859_15', 'a4', '€'],
  ['koi8-r', 'c4', 'д'],
])('%s has %s', (name, hex, text) => {
  expect(decoderFor(name)?.(Buffer.from(hex, 'hex'))).toBe(text)
})

test('bytes that a codec has not are refused', () => {
  expect(() => decoderFor('shift_jis')?.(Buffer.from('ff', 'hex'))).toThrow(SeedFault)
  expect(decoderFor('utf-32')).toBeNull()
})
