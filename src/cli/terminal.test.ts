import { PassThrough } from 'node:stream'
import xterm from '@xterm/headless'
import { expect, test } from 'vitest'
import { createScreen, type Screen } from './terminal.ts'

interface Device {
  screen: Screen
  resize: (size: { columns?: number; rows?: number }) => void
  /** What was written since the last call. */
  written: () => string
}

function device(
  shape: { isTTY: boolean; columns?: number; rows?: number },
  environment: NodeJS.ProcessEnv = {},
): Device {
  // A screen uses these fields of a terminal, and writes.
  const stream = Object.assign(new PassThrough(), shape) as unknown as NodeJS.WriteStream
  return {
    screen: createScreen(stream, environment),
    resize: (size) => void Object.assign(stream, size),
    written: () => String(stream.read() ?? ''),
  }
}

test('a terminal is repainted from the first line of what it shows', () => {
  const { screen, written } = device({ isTTY: true, columns: 20 })
  screen.paint(['one', 'two'])
  expect(written()).toBe('one\u001B[K\ntwo\u001B[K\u001B[0J\u001B[1F\u001B7')
  screen.paint(['three'])
  expect(written()).toBe('\u001B8three\u001B[K\u001B[0J\r\u001B7')
  screen.print('stays')
  expect(written()).toBe('\u001B8\u001B[Kstays\n')
  screen.clear()
  expect(written()).toBe('')
})

test('lines are cut to the width, and escapes take none of it', () => {
  const { screen, written } = device({ isTTY: true, columns: 10 })
  const bold = screen.style('bold', '123456789')
  screen.paint(['1234567890', bold, '🐸🐸🐸🐸🐸🐸🐸🐸🐸🐸'])
  expect(
    written()
      .split('\u001B[K')
      .slice(0, 3)
      .map((line) => line.trimStart()),
  ).toEqual(['12345678…', bold, '🐸🐸🐸🐸…'])
})

test.each<[string, boolean, NodeJS.ProcessEnv]>([
  ['a file', false, {}],
  ['a dumb terminal', true, { TERM: 'dumb' }],
  ['the log of a CI system', true, { CI: 'true' }],
])('%s is neither repainted nor coloured', (_name, isTTY, environment) => {
  const { screen, written } = device({ isTTY }, environment)
  screen.paint(['one'])
  screen.print(screen.style('red', 'text'))
  expect(written()).toBe('text\n')
})

test('NO_COLOR takes the colours and leaves the panel', () => {
  const { screen, written } = device({ isTTY: true, columns: 80 }, { NO_COLOR: '1' })
  expect(screen.style('red', 'text')).toBe('text')
  screen.paint(['one'])
  expect(written()).toContain('one\u001B[K')
})

test.each<[NodeJS.ProcessEnv, boolean, boolean]>([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ TERM: 'dumb' }, true, false],
  [{ CI: '1' }, true, false],
  [{ CI: 'false' }, true, true],
])('colours with %j on a terminal (%s): %s', (environment, isTTY, coloured) => {
  const { screen } = device({ isTTY }, environment)
  expect(screen.style('red', 'text') !== 'text').toBe(coloured)
})

test('a panel never exceeds the height of the terminal', () => {
  const { screen, written } = device({ isTTY: true, columns: 20, rows: 4 })
  screen.paint(['1', '2', '3', '4', '5'])
  expect(written()).toBe('1\u001B[K\n2\u001B[K\n3\u001B[K\u001B[0J\u001B[2F\u001B7')
})

/** What a person sees: a terminal that reads what is written, with echoes between. */
async function seen(
  { columns, rows }: { columns: number; rows: number },
  act: (at: {
    screen: Screen
    echo: (text: string) => void
    resize: (size: { columns: number; rows: number }) => Promise<void>
  }) => Promise<void> | void,
): Promise<string[]> {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    convertEol: true,
    allowProposedApi: true,
  })
  const shape = { isTTY: true, columns, rows, write: (text: string) => terminal.write(text) }
  const stream = shape as unknown as NodeJS.WriteStream
  const settled = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve))
  await act({
    screen: createScreen(stream, {}),
    echo: (text) => terminal.write(text),
    async resize(size) {
      await settled()
      terminal.resize(size.columns, size.rows)
      Object.assign(shape, size)
    },
  })
  await settled()
  const { active } = terminal.buffer
  const lines = Array.from({ length: active.length }, (_, at) =>
    (active.getLine(at)?.translateToString(true) ?? '').trimEnd(),
  )
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
}

test.each([20, 6, 5])(
  'Enter, Ctrl-C and typed text leave nothing over, %d rows high',
  async (rows) => {
    const lines = await seen({ columns: 30, rows }, ({ screen, echo }) => {
      screen.print('New run')
      screen.print('Still here')
      for (const at of [1, 2, 3, 4]) {
        screen.paint([`panel ${at}`, 'second', 'third'])
        echo('\n')
        if (at === 2) echo('^Cabc\n')
      }
      screen.paint(['panel 5', 'second', 'third', 'fourth'])
      echo('\n')
      screen.print('Done')
    })
    expect(lines).toEqual(['New run', 'Still here', 'Done'])
  },
)

test.each<[string, { columns: number; rows: number }]>([
  ['narrower', { columns: 12, rows: 10 }],
  ['wider', { columns: 60, rows: 10 }],
  ['lower', { columns: 40, rows: 5 }],
  ['higher', { columns: 40, rows: 20 }],
])('a terminal made %s shows the panel once', async (_name, size) => {
  const lines = await seen({ columns: 40, rows: 10 }, async ({ screen, resize }) => {
    screen.print('New run')
    screen.paint(['x'.repeat(30), 'short'])
    await resize(size)
    screen.paint(['new', 'lines'])
    screen.paint(['newer', 'lines'])
  })
  expect(lines).toEqual(['New run', 'newer', 'lines'])
})

test('a process that was stopped and continues leaves what the shell wrote', async () => {
  const lines = await seen({ columns: 40, rows: 10 }, ({ screen, echo }) => {
    screen.paint(['panel', 'second'])
    echo('^Z\n\n[1]+ Stopped\n$ fg\n')
    screen.forget()
    screen.paint(['panel', 'second'])
    screen.print('Done')
  })
  expect(lines).toEqual(['^Znel', 'second', '[1]+ Stopped', '$ fg', 'Done'])
})

test('what is printed steers the terminal by its own colours only', () => {
  const { screen, written } = device({ isTTY: true, columns: 80 })
  screen.print(`${screen.style('red', 'bad')} \u001B[2J\u001B[8m\u001B]52;c;x\u0007`)
  expect(written()).toBe('\u001B[31mbad\u001B[0m ␛[2J␛[8m␛]52;c;x␇\n')
  screen.paint(['name\u001B[2J\nsecond'])
  expect(written()).toContain('name␛[2J second\u001B[K')
})
