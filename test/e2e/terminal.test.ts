import xterm from '@xterm/headless'
import { afterEach, expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { isThorough } from '../support/thorough.ts'
import { createDesk } from './command.ts'
import { stories } from './configs.ts'
import {
  endTerminals,
  hasTerminal,
  noTerminal,
  runOnTerminal,
  startOnTerminal,
} from './pseudo-terminal.ts'

afterEach(endTerminals)

const escape = '\u001B\\['
const escapes = new RegExp(`${escape}[\\d;]*[A-Za-z]`, 'g')
const colours = new RegExp(`${escape}[\\d;]*m`)
const clearedBeforeEnd = new RegExp(`\u001B8${escape}K\\r?\\n${escape}0J${escape}1FDone\\.`)

/** What each repaint of the panel shows, without escapes. */
function panels(terminal: string): string[][] {
  return terminal
    .split('\u001B7')
    .filter((frame) => frame.includes('\u001B[0J'))
    .map((frame) =>
      frame
        .split('\n')
        // Lines of the panel end so; others were printed above it.
        .filter((line) => line.includes('\u001B[K'))
        .map((line) => line.replaceAll(escapes, '').replaceAll('\u001B8', '').replaceAll('\r', ''))
        .filter((line) => line !== ''),
    )
}

test('on a terminal the panel is repainted in place', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  // Long enough for rates, which are reported from a second on.
  await using server = await createModelServer({ latencyMs: 200 })
  await desk.write('tales.json', stories({ url: server.url }))

  const { code, terminal, stdout } = await runOnTerminal(
    desk,
    ['create', 'tales.json', '-n', '60', '--seed', '1', '--json'],
    { columns: 100 },
  )

  expect(code, terminal).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ rows: { accepted: 60 } })
  const frames = panels(terminal)
  expect(frames.length).toBeGreaterThan(2)
  const last = frames.findLast((lines) => lines[2]?.endsWith('/s')) ?? []
  expect(last[0]).toMatch(
    /^tales {2}\d+ of 60 rows( \(\d\d? %\))?, [\d.]+\/s(, [\d.]+ s left)?(, after [\d.]+ s)? {2}━*─*$/,
  )
  expect(last[1]).toMatch(/^ {2}number {2}60\/60 +done$/)
  expect(last[2]).toMatch(/^ {2}story {3}[ \d]\d\/60 {2}[\d.]+\/s$/)
  // Between two answers, and near the end, a slot may be free for a moment.
  expect(last[3]).toMatch(/^ {2}writer {2}[0-4]\/4 in flight(, \d+ waiting)?$/)
  expect(last[4]).toMatch(/^ {2}no price known, [\d.k ]+ tokens in, [\d.k ]+ out$/)
  expect(last[5]).toMatch(/^ {2}row \d+ {2}story: [a-z\d ]+…?$/)
  expect(last[6]).toMatch(/^ +number: \d+$/)
  expect(frames.some((lines) => lines[3]?.startsWith('  writer  4/4 in flight'))).toBe(true)
  // The first one comes before the engine is loaded.
  expect(frames[0]).toEqual(['tales  0.0 s', '  reading tales.json'])
  // Each frame begins at the first line of the one before, wherever the cursor is by then.
  expect(terminal).toContain('\u001B8\u001B[1mtales')
  expect(terminal).toContain('\u001B[1mtales\u001B[0m')
  // Nothing of the panel is left when the run ends.
  expect(terminal.indexOf('Done. 60 rows: 60 accepted.')).toBeGreaterThan(
    terminal.lastIndexOf('in flight'),
  )
  expect(terminal.slice(terminal.lastIndexOf('in flight'))).toMatch(clearedBeforeEnd)
})

test('a narrow terminal without colours', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 60 })
  await desk.write('tales.json', stories({ url: server.url }))

  const { code, terminal } = await runOnTerminal(desk, ['create', 'tales.json', '-n', '40'], {
    columns: 32,
    environment: { NO_COLOR: '1' },
  })

  expect(code, terminal).toBe(0)
  const frames = panels(terminal)
  expect(frames.length).toBeGreaterThan(1)
  // One line more would wrap, and the next repaint would begin too low.
  const longest = Math.max(...frames.flat().map((line) => Array.from(line).length))
  expect(longest).toBeLessThan(32)
  // What matters most is whole; what does not fit is omitted.
  expect(frames.flat()).toContainEqual(expect.stringMatching(/^tales {2}\d+ of 40 rows \(\d+ %\)/))
  expect(frames.flat().filter((line) => /^tales .* rows .*…/.test(line))).toEqual([])
  expect(terminal).not.toMatch(colours)
})

test('without a terminal there are plain lines at the interval of the run config', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 100 })
  await desk.write('tales.json', stories({ url: server.url }))
  await desk.write('run.yaml', 'progress_interval: 0.4\n')

  const ended = await desk.run([
    'create',
    'tales.json',
    '-n',
    '40',
    '--seed',
    '1',
    '--run-config',
    'run.yaml',
  ])

  expect(ended).toMatchObject({ code: 0, stdout: '' })
  expect(ended.stderr).not.toContain('\u001B')
  const lines = ended.stderr.split('\n').filter((line) => line.startsWith('tales: '))
  expect(lines.length, ended.stderr).toBeGreaterThan(0)
  // A second of work at an interval of 0.4 s.
  expect(lines.length, ended.stderr).toBeLessThan(8)
  expect(lines[0]).toMatch(
    // Too early to tell how fast it goes.
    /^tales: \d+ of 40 rows \(\d+ %\); in flight: writer [0-4]\/4(;.*)?$/,
  )
})

test('a reader of stderr that goes away does not end the run', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 20 })
  await desk.write('tales.json', stories({ url: server.url }))
  await desk.write('run.yaml', 'progress_interval: 0.05\n')
  const running = desk.start([
    'create',
    'tales.json',
    '-n',
    '60',
    '--json',
    '--run-config',
    'run.yaml',
  ])
  await running.said('New run')
  running.child.stderr?.destroy()

  const ended = await running.ended

  expect(ended.code).toBe(0)
  expect(JSON.parse(ended.stdout)).toMatchObject({ rows: { accepted: 60 } })
})

test('while models are asked, the terminal says which, where and how long', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 1_500 })
  await desk.write('tales.json', stories({ url: server.url }))

  const { code, terminal } = await runOnTerminal(desk, ['create', 'tales.json', '-n', '2'], {
    columns: 120,
  })

  expect(code, terminal).toBe(0)
  expect(panels(terminal)).toContainEqual([
    expect.stringMatching(/^tales {2}[\d.]+ s$/),
    expect.stringMatching(
      /^ {2}waiting for writer \(test at http:\/\/127\.0\.0\.1:\d+\/v1\); an answer may take 1 m 0 s$/,
    ),
  ])
})

test.runIf(isThorough)(
  'a log is never silent for more than ten seconds, and says for what it waits',
  async () => {
    await using desk = await createDesk()
    await using server = await createModelServer({
      script: ({ number }) => ({ delayMs: number === 0 ? 11_000 : 0, hang: number > 0 }),
    })
    await desk.write('tales.json', stories({ url: server.url }))
    await desk.write('run.yaml', 'progress_interval: 3600\n')
    const began = performance.now()
    const running = desk.start(['create', 'tales.json', '-n', '9', '--run-config', 'run.yaml'])

    await running.said('tales: waiting for writer (test at ')
    const first = performance.now() - began
    await running.said('New run in')
    const opened = performance.now()
    await running.said('no answer for ')
    const second = performance.now() - opened
    running.child.kill('SIGINT')
    await running.said('Stopping')
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended

    expect(code, stderr).toBe(130)
    // A busy machine may take a while to start a process.
    expect({ first: first < 60_000, second: second < 60_000 }, `${first}, ${second}`).toEqual({
      first: true,
      second: true,
    })
    expect(stderr).toMatch(/waiting for writer \(4 requests, the oldest for 1\d s of 1 m 0 s\)/)
  },
  180_000,
)

test('groups of one row and failures of every row do not multiply the lines of a log', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => (number % 2 === 1 ? { status: 400, error: `no ${number}` } : {}),
  })
  await desk.write('tales.json', stories({ url: server.url }))
  await desk.write('run.yaml', 'buffer_size: 1\npart_rows: 1\ndisable_early_shutdown: true\n')

  const { code, stderr } = await desk.run([
    'create',
    'tales.json',
    '-n',
    '60',
    '--run-config',
    'run.yaml',
  ])

  expect(code, stderr).toBe(3)
  const lines = stderr.split('\n').filter((line) => !line.startsWith('tales: ') && line !== '')
  // Opened, the first failure, ended, cost, the failures with an example, the file, two lines for
  // each column, the page, how to continue.
  expect(lines, stderr).toHaveLength(13)
})

test('what a model and a config say does not steer the terminal', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: ({ number }) => {
      if (number === 0) return {}
      if (number === 1) return { status: 400, error: '\u001B]0;owned\u0007\u001B[2J' }
      return { text: 'a\u001B[2Jstory\u009B5A' }
    },
  })
  await desk.write('tales.json', stories({ url: server.url, parallel: 1 }))

  const { terminal, stdout } = await runOnTerminal(desk, ['preview', 'tales.json', '-n', '2'], {
    columns: 100,
  })

  expect(terminal).toContain('␛]0;owned␇␛[2J')
  expect(terminal).not.toContain('\u001B]0')
  expect(terminal + stdout).not.toContain('\u001B[2J')
  expect(stdout).toContain('a␛[2Jstory<U+009B>5A')
})

test('at a terminal: Enter, Ctrl-C and the next session', async ({ skip }) => {
  skip(!hasTerminal, noTerminal)
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 60 })
  await desk.write('tales.json', stories({ url: server.url }))
  const words = ['create', 'tales.json', '-n', '90', '--seed', '1']
  const size = { columns: 90, rows: 24 }

  const first = startOnTerminal(desk, words, size)
  await first.sees('story: ')
  first.press('\nabc\n')
  await first.sees('tokens in')
  first.press('\u0003')
  expect(await first.ended).toBe(130)
  const lines = await screenLines(first.shown(), size)
  // Nothing of the panel is left, and no line of it occurs twice.
  expect(lines.filter((line) => /in flight,|^tales {2}|tokens out$|abc/.test(line))).toEqual([])
  const decided = panels(first.shown()).findLast((frame) => frame[0]?.includes(' of 90 rows'))
  const counts = (frame: string[] | undefined): string[] => frame?.[0]?.match(/\d+ of 90/) ?? []

  const next = startOnTerminal(desk, words, size)
  await next.sees('story: ')
  next.press('\u0003')
  await next.ended
  const [again] = panels(next.shown()).filter((frame) => frame[0]?.includes(' of 90 rows'))
  const rows = (of: string[]): number => Number.parseInt(of[0] ?? '', 10)
  expect(rows(counts(again))).toBeGreaterThanOrEqual(rows(counts(decided)))
  // The columns continue counting where the first session ended, as the rows do.
  expect(again?.[2]).toMatch(new RegExp(`^  story +${rows(counts(again))}/90|^  story +\\d\\d/90`))
})

/** What a person sees at the end. */
async function screenLines(
  terminal: string,
  { columns, rows }: { columns: number; rows: number },
): Promise<string[]> {
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true })
  await new Promise<void>((resolve) => screen.write(terminal, resolve))
  const { active } = screen.buffer
  return Array.from({ length: active.length }, (_, at) =>
    (active.getLine(at)?.translateToString(true) ?? '').trimEnd(),
  )
}
