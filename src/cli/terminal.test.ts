import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createScreen, type Screen } from './terminal.ts'

interface Device {
  screen: Screen
  /** What was written since the last call. */
  written: () => string
}

function device(
  shape: { isTTY: boolean; columns?: number },
  environment: NodeJS.ProcessEnv = {},
): Device {
  // A screen uses these two fields of a terminal, and writes.
  const stream = Object.assign(new PassThrough(), shape) as unknown as NodeJS.WriteStream
  return {
    screen: createScreen(stream, environment),
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
  expect(written()).toBe('\u001B[1F\u001B[0Jstays\n')
  screen.clear()
  expect(written()).toBe('')
})

test('lines are cut to the width, and escapes take none of it', () => {
  const { screen, written } = device({ isTTY: true, columns: 10 })
  const bold = screen.style('bold', '123456789')
  screen.paint(['1234567890', bold, '🐸🐸🐸🐸🐸🐸🐸🐸🐸🐸'])
  expect(written().split('\u001B[K\n').slice(0, 3)).toEqual([
    '12345678…',
    bold,
    '🐸🐸🐸🐸🐸🐸🐸🐸…',
  ])
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
