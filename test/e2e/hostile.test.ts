import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { afterEach, expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'
import { pets, stories } from './configs.ts'
import { endTerminals, hasTerminal, noTerminal, startOnTerminal } from './pseudo-terminal.ts'

afterEach(endTerminals)

/** Red, and a cleared screen. */
const hostile = 'a\u001B[31mred\u001B[2J'
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const steers = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E]/

test('a config and a run folder may have any name: it is shown, and commands can be copied', async () => {
  await using desk = await createDesk()
  const config = `${hostile}.json`
  await desk.write(config, { ...pets, rows: 2 })
  const folder = `runs/${hostile}`

  const said = [await desk.run(['validate', config]), await desk.run(['create', config])]
  for (const parameters of [
    ['show', folder],
    ['export', folder],
    ['create', config],
  ]) {
    said.push(await desk.run(parameters))
  }

  expect(said.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0])
  for (const { stdout, stderr } of said) expect(stdout + stderr).not.toMatch(steers)
  const shown = said[2]?.stdout ?? ''
  expect(shown).toContain('a␛[31mred␛[2J')
  const exporting = /rowsmith (export .* --to .*)/.exec(shown)?.[1] ?? ''
  const words = spawnSync('bash', ['-c', `printf '%s\\n' ${exporting}`], { encoding: 'utf8' })
  expect(words.stdout.split('\n')).toEqual(['export', folder, '--to', `${folder}.jsonl`, ''])
  expect(await readdir(desk.path('runs'))).toEqual([hostile])
})

test('a mistake in a config does not colour what is said of it', async () => {
  await using desk = await createDesk()
  const column = { name: 'e', column_type: 'expression', expr: '{{ zzz }}', '\u001B[31mx': 1 }
  await desk.write('pets.json', { columns: [...pets.columns, column] })
  for (const command of ['validate', 'create']) {
    const { code, stderr } = await desk.run([command, 'pets.json'])
    expect(code).toBe(2)
    expect(stderr).not.toMatch(steers)
    expect(stderr).toContain('zzz')
  }
})

test('the log can be followed on a terminal whatever a server says', async () => {
  await using server = await createModelServer({
    // The first request asks whether the model is there.
    script: ({ number }) =>
      number === 0 ? {} : { status: 400, error: 'no \u001B[2J\u009B31m\u200Eway\nsecond line' },
  })
  await using desk = await createDesk()
  await desk.write('tales.json', stories({ url: server.url }))
  await desk.run(['create', 'tales.json', '-n', '1'])
  const log = await desk.read('runs/tales/rowsmith.log')
  expect(log).toContain('no ␛[2J<U+009B>31m<U+200E>way')
  expect(log).not.toMatch(steers)
})

test('render prints the very text to a pipe, and nothing that steers to a terminal', async ({
  skip,
}) => {
  await using desk = await createDesk()
  await desk.write('hi.j2', 'Hi {{ n }}')
  await desk.write('row.json', { n: '\u001B[31mx\u202Ey' })
  const parameters = ['render', 'hi.j2', '--data', 'row.json']

  expect((await desk.run(parameters)).stdout).toBe('Hi \u001B[31mx\u202Ey')
  const { stdout } = await desk.run([...parameters, '--json'])
  expect(stdout).not.toMatch(steers)
  expect(JSON.parse(stdout)).toMatchObject({
    rows: [{ parts: [{ text: 'Hi \u001B[31mx\u202Ey' }] }],
  })

  await desk.write('\u001B[31mbad.j2', '{{ a.b.c }}')
  const failed = await desk.run(['render', '\u001B[31mbad.j2', '-d', 'row.json'])
  expect(failed.code).toBe(2)
  expect(failed.stderr).toContain('␛[31mbad.j2')
  expect(failed.stderr).not.toMatch(steers)

  skip(!hasTerminal, noTerminal)
  const atTerminal = startOnTerminal(desk, parameters, { columns: 80 })
  expect(await atTerminal.ended).toBe(0)
  expect(atTerminal.shown().replaceAll('\r\n', '\n')).toBe('Hi ␛[31mx<U+202E>y\n')
})

test('every character of an answer is kept, those that end texts elsewhere too', async () => {
  const answer = 'a\u0000b\u0001 \u001B[31m \uFEFF\u2028 \u{1F438} "quoted", \\n\r\n\tend'
  await using server = await createModelServer({ script: () => ({ text: answer }) })
  await using desk = await createDesk()
  await desk.write('tales.json', stories({ url: server.url }))
  expect((await desk.run(['create', 'tales.json', '-n', '2', '--out', 'o'])).code).toBe(0)
  expect((await desk.run(['export', 'o', '--to', 'o.jsonl'])).code).toBe(0)
  expect((await desk.run(['export', 'o', '--to', 'o.csv'])).code).toBe(0)
  const lines = (await desk.read('o.jsonl')).trimEnd().split('\n')
  const records = lines.map((line) => JSON.parse(line) as { story: string })
  expect(records.map(({ story }) => story)).toEqual([answer, answer])
  expect(await desk.read('o.csv')).toContain(`"${answer.replaceAll('"', '""')}"`)
})
