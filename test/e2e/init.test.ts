import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  chooseStarter,
  starters,
  type StarterName,
  withStarter,
} from '../../src/cli/init-models.ts'
import { runInit } from '../../src/cli/init.ts'
import { templateFiles, type TemplateName, templates } from '../../src/cli/init-templates.ts'
import { create, open, validate } from '../../src/index.ts'
import { linkLibrary } from '../docs/shell.ts'
import { createDesk } from './command.ts'

const names = Object.keys(templates) as TemplateName[]

/** Columns of all templates; a record has those of its own. */
interface Made {
  ticket: { subject: string }
  urgent: boolean
  pair: { quote: string }
  content: string
  text: string
  conversation: { messages: { role: string }[] }
  query: string
  points: number
  long_words: number
}

type Records = readonly Made[]

/** What must hold of the records that a template makes with the answers in its config. */
const holds: Record<TemplateName, (records: Records) => unknown> = {
  tickets: (records) =>
    records.every(({ ticket, urgent }) => ticket.subject !== '' && typeof urgent === 'boolean'),
  'qa-from-documents': (records) =>
    records.every(({ pair, content }) => content.includes(pair.quote)),
  classification: (records) => new Set(records.map(({ text }) => text)).size === records.length,
  chat: (records) =>
    records.every(({ conversation }) => conversation.messages.at(-1)?.role === 'assistant'),
  'text-to-sql': (records) => records.every(({ query }) => !query.includes('max(total FROM')),
  'judge-and-filter': (records) => records.every(({ points }) => points >= 8),
  typescript: (records) => records.some(({ long_words }) => long_words > 0),
}

describe('templates', () => {
  test.each(names)('%s makes a dataset without any account', async (name) => {
    await using desk = await createDesk()
    const files = await templateFiles(name)
    for (const [path, text] of files) {
      await mkdir(join(desk.directory, path, '..'), { recursive: true })
      await writeFile(join(desk.directory, path), text)
    }
    await linkLibrary(desk.directory)
    const { dir, rows } = await create({
      config: desk.path(`${name}.yaml`),
      rows: 10,
      seed: 3n,
      out: desk.path('run'),
    })
    expect(rows).toMatchObject({ requested: 10, dropped: 0, remaining: 0 })
    expect(rows.accepted).toBeGreaterThan(1)
    await using dataset = await open(dir)
    const records: Made[] = []
    for await (const record of dataset.records()) records.push(record as unknown as Made)
    expect(records.length).toBeGreaterThan(1)
    expect(holds[name](records)).toBe(true)
  })

  test.each(names)('%s is a sound config with every model it may start with', async (name) => {
    await using desk = await createDesk()
    await linkLibrary(desk.directory)
    const files = await templateFiles(name)
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(['.env.example', '.gitignore', 'README.md', `${name}.yaml`]),
    )
    for (const [path, text] of files) {
      await mkdir(join(desk.directory, path, '..'), { recursive: true })
      await writeFile(join(desk.directory, path), text)
    }
    const text = files.get(`${name}.yaml`) ?? ''
    for (const [starter, { model }] of Object.entries(starters)) {
      const config = await desk.write(`${starter}.yaml`, withStarter(text, starter as StarterName))
      const environment = { [`${starter.toUpperCase()}_API_KEY`]: 'test-key-0123456789' }
      expect(await validate({ config, environment })).toEqual({ ok: true, problems: [] })
      const written = await readFile(config, 'utf8')
      expect(written.includes(`\n    model: ${model}\n`)).toBe(model !== null)
    }
  })
})

test('the model is one whose key is set, or else one that needs none', () => {
  expect(
    chooseStarter({ OPENROUTER_API_KEY: 'k', OPENAI_API_KEY: '' }, { hasRuntime: true }).name,
  ).toBe('openrouter')
  expect(chooseStarter({}, { hasRuntime: true }).name).toBe('embedded')
  expect(chooseStarter({}, { hasRuntime: false }).name).toBe('stand-in')
})

test('the command writes a folder once, and keys in .env are read', async () => {
  await using desk = await createDesk()
  const written = await desk.run(['init', 'mine', '--yes', '--model', 'openai'])
  expect(written).toMatchObject({ code: 0, stdout: '' })
  expect(written.stderr).toContain(
    'cd mine\n  export OPENAI_API_KEY=…\n  rowsmith preview tickets.yaml',
  )
  const before = await desk.read('mine/tickets.yaml')
  const again = await desk.run(['init', 'mine', '--template', 'tickets'])
  expect(again.code).toBe(2)
  expect(again.stderr).toContain('has .env.example, .gitignore, README.md, tickets.yaml')
  expect(await desk.read('mine/tickets.yaml')).toBe(before)

  const other = desk.path('other')
  await expect(runInit(other, { template: 'ticket' })).rejects.toMatchObject({
    hints: ['Did you mean tickets?', expect.stringContaining('There are tickets, ')],
  })
  expect(await readdir(desk.directory)).not.toContain('other')

  await desk.write('.env', 'OPENAI_API_KEY=test-key-0123456789\n')
  expect(await desk.run(['validate', 'mine/tickets.yaml'])).toMatchObject({ code: 0 })
})
