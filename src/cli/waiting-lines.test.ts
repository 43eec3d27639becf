import { expect, test } from 'vitest'
import type { Screen } from './terminal.ts'
import { phaseLines, waitingLines } from './waiting-lines.ts'
import { widthOf } from './width.ts'

function screen(width: number, height = 24): Screen {
  return {
    live: true,
    width,
    height,
    quietMs: 0,
    style: (_, text) => text,
    print: () => undefined,
    paint: () => undefined,
    clear: () => undefined,
    forget: () => undefined,
  }
}

const moment = {
  name: 'bedtime-stories',
  text: 'waiting for writer (big at http://127.0.0.1:1/v1); an answer may take 1 m 0 s',
  takenMs: 12_000,
}

test.each<[number, number, string[]]>([
  [
    100,
    24,
    [
      'bedtime-stories  12 s',
      '  waiting for writer (big at http://127.0.0.1:1/v1); an answer may take 1 m 0 s',
    ],
  ],
  [
    60,
    24,
    [
      'bedtime-stories  12 s',
      '  waiting for writer (big at http://127.0.0.1:1/v1); an',
      '  answer may take 1 m 0 s',
    ],
  ],
  [
    20,
    24,
    [
      'bedtime-stor…  12 s',
      '  waiting for',
      '  writer (big at',
      '  http://127.0.0.1:',
      '  1/v1); an …',
    ],
  ],
  [20, 4, ['bedtime-stor…  12 s', '  waiting for', '  writer (big at …']],
  [20, 2, ['bedtime-stor…  12 s']],
  [5, 24, ['12 s', '  wa', '  it', '  in', '  g…']],
])('a phase at %i columns and %i lines', (width, height, lines) => {
  const shown = phaseLines(moment, screen(width, height))
  expect(shown).toEqual(lines)
  for (const line of shown) expect(widthOf(line)).toBeLessThan(width)
})

test('what steers a terminal is shown in names and texts', () => {
  const hostile = { ...moment, name: 'a\u001B[2J', text: 'b\u001B[31m\nc' }
  expect(phaseLines(hostile, screen(80))).toEqual(['a␛[2J  12 s', '  b␛[31m c'])
})

test('what was cut by the height says so behind a whole word', () => {
  const texts = ['the first thing is long', 'the second is not']
  expect(waitingLines(texts, { width: 14, most: 1 })).toEqual(['the first …'])
  expect(waitingLines(texts, { width: 40, most: 1 })).toEqual(['the first thing is long …'])
  expect(waitingLines(texts, { width: 40, most: 2 })).toEqual(texts)
  expect(waitingLines(texts, { width: 40, most: 0 })).toEqual([])
})
