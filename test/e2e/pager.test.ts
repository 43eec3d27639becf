import { spawnSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'
import { pets, stories } from './configs.ts'
import { endTerminals, hasTerminal, noTerminal, startOnTerminal } from './pseudo-terminal.ts'

afterEach(endTerminals)

const enters = '\u001B[?1049h\u001B[?25l'
const leaves = '\u001B[?25h\u001B[?1049l'
const escape = '\u001B\\['
const escapes = new RegExp(`${escape}[?\\d;]*[A-Za-z]`, 'g')

/** The last screen the pager drew. */
function lastScreen(text: string): string[] {
  const frame = text.slice(text.lastIndexOf('\u001B[H'))
  return frame.replaceAll(escapes, '').replaceAll('\r', '').split('\n')
}

test('on a terminal preview shows one record a screen, and leaves it as it was', async ({
  skip,
}) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  const terminal = startOnTerminal(desk, ['preview', 'pets.json', '-n', '3', '--seed', '7'], {
    columns: 60,
    rows: 12,
  })

  await terminal.sees('record 1 of 3 · row 0')
  const screen = lastScreen(terminal.shown())
  expect(screen).toHaveLength(12)
  expect(screen.slice(0, 4)).toEqual([
    'animal  frog',
    'age     2',
    'line    A frog of 2 years.',
    '',
  ])
  expect(screen.at(-1)?.trimEnd()).toBe(' record 1 of 3 · row 0 · n next · q quit · ? help')
  terminal.press('n')
  await terminal.sees('record 2 of 3 · row 1')
  terminal.press('\r')
  await terminal.sees('record 3 of 3 · row 2 · last record')
  terminal.press('\u001B[D')
  await terminal.sees('record 2 of 3')
  terminal.press('G')
  await terminal.sees('record 3 of 3')
  terminal.press('?')
  await terminal.sees('this help')
  terminal.press('q')
  await terminal.sees('record 3 of 3')
  terminal.press('q')

  expect(await terminal.ended, terminal.shown()).toBe(0)
  const [before = '', within = '', after = ''] = terminal.shown().split(/(?<=\[\?1049h|1049l)/)
  expect(before).toContain('\u001B[?1049h')
  expect(within.endsWith(leaves)).toBe(true)
  expect(after).toContain('3 rows: 3 accepted.')
})

test('a long record scrolls inside its screen', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: () => ({ text: Array.from({ length: 60 }, (_, at) => `line ${at}.`).join('\n') }),
  })
  await desk.write('tales.json', stories({ url: server.url }))
  const terminal = startOnTerminal(desk, ['preview', 'tales.json', '-n', '1'], {
    columns: 60,
    rows: 12,
  })

  await terminal.sees('lines 1–11/61')
  terminal.press('\u001B[6~')
  await terminal.sees('lines 12–22/61')
  expect(lastScreen(terminal.shown())[0]?.trim()).toBe('line 10.')
  terminal.press('\u001B[F')
  await terminal.sees('lines 51–61/61')
  terminal.press('k')
  await terminal.sees('lines 50–60/61')
  terminal.press('\u0003')
  expect(await terminal.ended).toBe(0)
  expect(terminal.shown()).toContain(leaves)
})

test('a pager that is killed leaves the terminal as it was', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  // The process tells its number through a file: the terminal's own child is a shell.
  const tell = "import { writeFileSync } from 'node:fs'\nwriteFileSync('pid', String(process.pid))"
  await desk.write('pid.mjs', tell)
  const terminal = startOnTerminal(desk, ['preview', 'pets.json', '-n', '3'], {
    columns: 60,
    environment: { NODE_OPTIONS: `--import=${desk.path('pid.mjs')}` },
  })

  await terminal.sees('record 1 of 3')
  process.kill(Number(await desk.read('pid')), 'SIGTERM')
  await terminal.ended

  expect(terminal.shown()).toContain(enters)
  // The shell may have a word on it; the pager has none any more.
  const behind = terminal.shown().slice(terminal.shown().lastIndexOf('\u001B'))
  expect(leaves.endsWith(behind.slice(0, 8)), JSON.stringify(terminal.shown().slice(-80))).toBe(
    true,
  )
})

test.runIf(hasTerminal).each<[string, string[], Record<string, string>]>([
  ['with --no-pager', ['-n', '3', '--no-pager'], {}],
  ['on a dumb terminal', ['-n', '3'], { TERM: 'dumb' }],
  ['where one record fits', ['-n', '1'], {}],
])('all records are printed %s', async (_, parameters, environment) => {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  const terminal = startOnTerminal(desk, ['preview', 'pets.json', '--seed', '7', ...parameters], {
    columns: 60,
    environment,
  })
  expect(await terminal.ended, terminal.shown()).toBe(0)
  expect(terminal.shown()).not.toContain(enters)
  expect(terminal.shown().replaceAll(escapes, '')).toContain('animal  frog')
})

const anyPets = ['preview', 'pets.json', '-n', '40', '--seed', '7']

/** What the terminal shows behind everything that was repainted. */
async function pagedThrough(pager: string): Promise<{ code: number | null; lines: string[] }> {
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  const terminal = startOnTerminal(desk, anyPets, {
    columns: 60,
    environment: { PAGER: pager },
  })
  const code = await terminal.ended
  expect(terminal.shown()).not.toContain(enters)
  const text = terminal.shown().replaceAll(escapes, '').replaceAll('\r', '')
  return { code, lines: text.split('\n') }
}

const countOf = (lines: readonly string[], start: string): number =>
  lines.filter((line) => line.startsWith(start)).length

test.runIf(hasTerminal).each([
  ['cat', 'cat'],
  ['a program with parameters', "sed -e 's/animal/BEAST/' -e 's/frog/FROG/'"],
  ['an empty text, which is no pager', ''],
  ['a program that is not there', 'no-such-pager --really'],
])('PAGER may be %s', async (_, pager) => {
  const { code, lines } = await pagedThrough(pager)
  expect(code).toBe(0)
  expect(countOf(lines, '── record ')).toBe(40)
  expect(countOf(lines, pager.startsWith('sed') ? 'BEAST' : 'animal')).toBe(40)
  expect(lines.join('\n')).toContain('40 rows: 40 accepted.')
})

test('a pager that ends early has shown what was wanted', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: () => ({ text: 'much. '.repeat(50_000) }),
  })
  await desk.write('tales.json', stories({ url: server.url }))
  const terminal = startOnTerminal(desk, ['preview', 'tales.json', '-n', '8'], {
    columns: 60,
    environment: { PAGER: 'head -n 1' },
  })
  expect(await terminal.ended, terminal.shown().slice(-1000)).toBe(0)
  const shown = terminal.shown().replaceAll(escapes, '')
  expect(shown).toContain('── record 1 of 8')
  expect(shown).not.toContain('record 2 of 8')
  expect(shown).toContain('8 rows: 8 accepted.')
})

const hasLess = spawnSync('sh', ['-c', 'command -v less']).status === 0

test('less goes from record to record, and Ctrl-C is its own', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  skip(!hasLess, 'the program `less` is not here')
  await using desk = await createDesk()
  await desk.write('pets.json', pets)
  const terminal = startOnTerminal(desk, anyPets, {
    columns: 60,
    rows: 10,
    environment: { PAGER: 'less' },
  })
  await terminal.sees('record 2 of 40')
  terminal.press('n')
  await terminal.sees('record 4 of 40')
  terminal.press('\u0003')
  // It throws away what is typed before it is back, and nothing it shows says when that is.
  const seen = terminal.sees('record 5 of 40').then(() => true)
  do terminal.type('n')
  while (!(await Promise.race([seen, setTimeout(300, false)])))
  terminal.press('q')
  // The shell around it ends by Ctrl-C; the command does not.
  await terminal.ended
  expect(terminal.shown()).toContain('40 rows: 40 accepted.')
})
