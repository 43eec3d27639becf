import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createDesk } from './command.ts'

const published = new URL('../../schema/', import.meta.url)

test('schema prints what is published, or writes it to a file', async () => {
  await using desk = await createDesk()
  const dataset = await readFile(new URL('dataset.schema.json', published), 'utf8')
  const providers = await readFile(new URL('providers.schema.json', published), 'utf8')

  expect(await desk.run(['schema'])).toEqual({ code: 0, stderr: '', stdout: dataset })
  expect(await desk.run(['schema', '--of', 'providers', '--out', 'p.json'])).toEqual({
    code: 0,
    stderr: 'p.json written.\n',
    stdout: '',
  })
  expect(await desk.read('p.json')).toBe(providers)
})

test('a kind of file that is none, and a place that is none', async () => {
  await using desk = await createDesk()
  const wrong = await desk.run(['schema', '--of', 'run'])
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toContain(
    'Allowed choices are dataset, run-config, providers, mcp-providers, tool-configs, model-configs',
  )
  const nowhere = await desk.run(['schema', '--out', 'no/such/folder/p.json'])
  expect(nowhere).toMatchObject({ code: 2, stdout: '' })
  expect(nowhere.stderr).toMatch(/^rowsmith: the JSON Schema can't be written to no\/such\/folder/)
})
