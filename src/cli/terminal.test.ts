import { PassThrough } from 'node:stream'
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
  expect(written()).toBe('one\u001B[K\ntwo\u001B[K\n\u001B[0J')
  screen.paint(['three'])
  expect(written()).toBe('\u001B[2Fthree\u001B[K\n\u001B[0J')
  screen.print('stays')
  expect(written()).toBe('\u001B[1F\u001B[K\n\u001B[0J\u001B[1Fstays\n')
  screen.clear()
  expect(written()).toBe('')
})

test('lines are cut to the width, and escapes take none of it', () => {
  const { screen, written } = device({ isTTY: true, columns: 10 })
  const bold = screen.style('bold', '123456789')
  screen.paint(['1234567890', bold, '🐸🐸🐸🐸🐸🐸🐸🐸🐸🐸'])
  expect(written().split('\u001B[K\n').slice(0, 3)).toEqual(['12345678…', bold, '🐸🐸🐸🐸…'])
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
  expect(written()).toBe('1\u001B[K\n2\u001B[K\n3\u001B[K\n\u001B[0J')
})

test('lines that a narrower terminal has wrapped are painted over as well', () => {
  const { screen, written, resize } = device({ isTTY: true, columns: 40, rows: 20 })
  screen.paint(['x'.repeat(30), 'short'])
  written()
  resize({ columns: 12 })
  screen.paint(['new'])
  // Three lines of the first, one of the second.
  expect(written()).toBe('\u001B[4Fnew\u001B[K\n\u001B[0J')
})

test('what is printed steers the terminal by its own colours only', () => {
  const { screen, written } = device({ isTTY: true, columns: 80 })
  screen.print(`${screen.style('red', 'bad')} \u001B[2J\u001B[8m\u001B]52;c;x\u0007`)
  expect(written()).toBe('\u001B[31mbad\u001B[0m ␛[2J␛[8m␛]52;c;x␇\n')
  screen.paint(['name\u001B[2J\nsecond'])
  expect(written()).toContain('name␛[2J second\u001B[K')
})
