import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { createModelServer } from '../../src/testing/model-server.ts'
import { baseEnvironment, createDesk, program, type Desk } from './command.ts'
import { stories } from './configs.ts'

/** util-linux's `script` gives a command a terminal; that of BSD takes other parameters. */
const withTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes(
  'util-linux',
)

const escape = '\u001B\\['
const escapes = new RegExp(`${escape}[\\d;]*[A-Za-z]`, 'g')
const colours = new RegExp(`${escape}[\\d;]*m`)
const clearedBeforeEnd = new RegExp(`${escape}[45]F${escape}0JDone\\.`)

const noTerminal = 'the command `script` of util-linux is not here'

interface Shown {
  code: number | null
  /** Everything written to the terminal. */
  terminal: string
  stdout: string
}

/** Runs a command whose stderr is a terminal and whose stdout is a file. */
async function runOnTerminal(
  desk: Desk,
  parameters: readonly string[],
  { columns, environment = {} }: { columns: number; environment?: Record<string, string> },
): Promise<Shown> {
  const words = [process.execPath, program, ...parameters].map((word) => `'${word}'`)
  const command = `stty cols ${columns} rows 30; ${words.join(' ')} > stdout.txt`
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: desk.directory,
    env: { ...baseEnvironment(desk.directory), TERM: 'xterm', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let terminal = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (terminal += text))
  await once(child, 'close')
  return { code: child.exitCode, terminal, stdout: await desk.read('stdout.txt') }
}

/** What each repaint of the panel shows, without escapes. */
function panels(terminal: string): string[][] {
  return terminal
    .split('\u001B[0J')
    .filter((frame) => frame.includes('\u001B[K'))
    .map((frame) =>
      frame
        .replaceAll(escapes, '')
        .replaceAll('\r', '')
        .split('\n')
        .filter((line) => line !== ''),
    )
}

test('on a terminal the panel is repainted in place', async ({ skip }) => {
  skip(!withTerminal, noTerminal)
  await using desk = await createDesk()
  await using server = await createModelServer({ latencyMs: 60 })
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
  expect(last[0]).toMatch(/^tales {2}\d+ of 60 rows \(\d+ %\), [\d.]+\/s(, [\d.]+ s left)?$/)
  expect(last[1]).toMatch(/^ {2}number {2}60\/60 +done$/)
  expect(last[2]).toMatch(/^ {2}story {3}[ \d]\d\/60 {2}[\d.]+\/s$/)
  // Between two answers, and near the end, a slot may be free for a moment.
  expect(last[3]).toMatch(/^ {2}writer {2}[0-4]\/4 in flight, (\d+ waiting, )?[\d.k ]+ tokens out$/)
  expect(frames.some((lines) => lines[3]?.startsWith('  writer  4/4 in flight, '))).toBe(true)
  // Each frame begins at the first line of the one before, in the first column.
  expect(terminal).toContain('\u001B[4F')
  expect(terminal).toContain('\u001B[1mtales\u001B[0m')
  // Nothing of the panel is left when the run ends.
  expect(terminal.indexOf('Done. 60 rows: 60 accepted.')).toBeGreaterThan(
    terminal.lastIndexOf('in flight'),
  )
  expect(terminal.slice(terminal.lastIndexOf('in flight'))).toMatch(clearedBeforeEnd)
})

test('a narrow terminal without colours', async ({ skip }) => {
  skip(!withTerminal, noTerminal)
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
  const longest = Math.max(
    ...frames
      .slice(1)
      .flat()
      .map((line) => Array.from(line).length),
  )
  expect(longest).toBeLessThan(32)
  expect(frames.at(-1)?.[0]).toMatch(/…$/)
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
    /^tales: \d+ of 40 rows \(\d+ %\), [\d.]+\/s(, [\d.]+ s left)?; in flight: writer [0-4]\/4(;.*)?$/,
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
