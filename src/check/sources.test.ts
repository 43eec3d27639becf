import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig, readRunConfig } from './sources.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowsmith-sources-'))
})
afterAll(() => rm(folder, { recursive: true }))

const text = 'columns: []\n# é\n'
const bigEndian = Buffer.from(text, 'utf16le').swap16()

test.each<[string, Buffer, string]>([
  ['with a mark', Buffer.from(`\ufeff${text}`, 'utf16le'), 'is UTF-16, expected UTF-8'],
  ['without a mark', Buffer.from(text, 'utf16le'), 'is UTF-16LE, expected UTF-8'],
  ['big end first', bigEndian, 'is UTF-16BE, expected UTF-8'],
  ['32 bits', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), 'is UTF-32, expected UTF-8'],
  ['of Windows', Buffer.from(text, 'latin1'), 'is not UTF-8'],
])('a config that is not UTF-8 says what it is: %s', async (_what, bytes, message) => {
  const path = join(folder, 'config.yaml')
  await writeFile(path, bytes)
  const refusal = { code: 'usage', message: expect.stringContaining(message) }
  await expect(readConfig(path)).rejects.toMatchObject(refusal)
  await expect(readRunConfig(path)).rejects.toMatchObject(refusal)
})

test('a mark of UTF-8 is not part of the text', async () => {
  const path = join(folder, 'marked.yaml')
  await writeFile(path, `\ufeff${text}`)
  const source = await readConfig(path)
  expect(source.text).toContain(text)
})
