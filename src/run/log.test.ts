import { mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createVirtualClock } from '../testing/virtual-clock.ts'
import { logName, oldLogSuffix, openLog } from './log.ts'
import { createThrottleNotes } from './throttle-notes.ts'

async function scratch(): Promise<AsyncDisposable & { directory: string; path: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'rowsmith-log-'))
  return {
    directory,
    path: join(directory, logName),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
}

const options = {
  clock: createVirtualClock(),
  redact: (text: string) => text.replace('key', '***'),
}

test('lines have the time, no secrets, and stand behind those of the session before', async () => {
  await using folder = await scratch()
  const first = openLog(folder.path, options)
  first.write('opened with key')
  first.write('two\nlines')
  await first.close()
  const second = openLog(folder.path, options)
  second.write('again')
  await second.close()
  expect(await readFile(folder.path, 'utf8')).toBe(
    [
      '2026-01-01T00:00:00.000Z opened with ***\n',
      '2026-01-01T00:00:00.000Z two\n  lines\n',
      '2026-01-01T00:00:00.000Z again\n',
    ].join(''),
  )
})

test('a log that becomes large is put aside once; the folder never holds more than two', async () => {
  await using folder = await scratch()
  const log = openLog(folder.path, { ...options, maxBytes: 10_000 })
  for (let line = 0; line < 2_000; line += 1) {
    log.write(`line ${line}`)
    // What waits is on the disk before more comes, so that it is not one text, however slow the disk.
    if (line % 50 === 49) await vi.waitFor(() => endsWith(folder.path, ` line ${line}\n`), 60_000)
  }
  await log.close()
  expect((await readdir(folder.directory)).toSorted()).toEqual([logName, logName + oldLogSuffix])
  const old = await readFile(folder.path + oldLogSuffix, 'utf8')
  const current = await readFile(folder.path, 'utf8')
  expect(old.length).toBeGreaterThanOrEqual(10_000)
  expect(current.endsWith(' line 1999\n')).toBe(true)
  const numbers = [...(old + current).matchAll(/line (\d+)/g)].map(([, number]) => Number(number))
  expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] as number) + at))
})

test('lines that the disk does not keep up with are counted, not kept', async () => {
  await using folder = await scratch()
  const log = openLog(folder.path, { ...options, maxWaiting: 2_000 })
  for (let line = 0; line < 100_000; line += 1) log.write('x'.repeat(100))
  await log.close()
  const text = await readFile(folder.path, 'utf8')
  expect((await stat(folder.path)).size).toBeLessThan(10_000)
  const written = text.match(/x{100}/g)?.length ?? 0
  const [, leftOut] = /(\d+) lines omitted/.exec(text) ?? []
  expect(written + Number(leftOut)).toBe(100_000)
})

test('one that can’t be written disturbs no one', async () => {
  await using folder = await scratch()
  await mkdir(folder.path)
  const log = openLog(folder.path, options)
  log.write('nowhere to go')
  await log.close()
  log.write('nor later')
  await log.close()
  expect(await readdir(folder.path)).toEqual([])
})

test('429s are a line when they begin and one a minute, whatever comes in between', async () => {
  const clock = createVirtualClock()
  const lines: string[] = []
  const notes = createThrottleNotes(clock, (text) => lines.push(text))
  for (let second = 0; second < 150; second += 1) {
    for (let call = 0; call < 10; call += 1) notes.note('m', call === 5 ? second : null)
    if (second === 0) notes.note('other', 7)
    await clock.advance(1_000)
  }
  notes.close()
  expect(lines).toEqual([
    'route m: asked to wait (429)',
    'route other: asked to wait 7 ms (429)',
    'route m: 599 more answers 429 in 60 s, asked to wait up to 59 ms',
    'route m: asked to wait (429)',
    'route m: 599 more answers 429 in 60 s, asked to wait up to 119 ms',
    'route m: asked to wait (429)',
    'route m: 299 more answers 429 in 30 s, asked to wait up to 149 ms',
  ])
})

async function endsWith(path: string, end: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  if (!text.endsWith(end)) throw new Error(`${path} does not end with ${end} yet`)
}
