import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commandText, createWords, storedText } from './command-line.ts'

test('the command to continue has the options that were used, and not what is done by now', () => {
  const options = {
    rows: 500,
    seed: 7n,
    fresh: true,
    shrink: true,
    retryDropped: true,
    json: true,
    runConfig: 'my run.yaml',
  } as const
  const words = createWords("it's.yaml", options, 'runs/tales-2')
  expect(commandText(words)).toBe(
    String.raw`rowsmith create 'it'\''s.yaml' -n 500 --seed 7 --out runs/tales-2 --run-config 'my run.yaml'`,
  )
})

test('a stored command says where it was given', () => {
  const words = ['create', 'a.yaml']
  const here = { directory: process.cwd(), words }
  expect(storedText(here, ['--retry-failed'])).toBe('rowsmith create a.yaml --retry-failed')
  expect(storedText({ ...here, directory: '/some where' })).toBe(
    "cd '/some where' && rowsmith create a.yaml",
  )
})

test.each([
  ['a\u001B[31mb.yaml', String.raw`$'a\e[31mb.yaml'`],
  ["it's\n\ttwo\\lines", String.raw`$'it\'s\n\ttwo\\lines'`],
  ['\u00077é\u202E', String.raw`$'\0077é\342\200\256'`],
])('a shell reads %j as it was', (word, written) => {
  expect(commandText(['show', word])).toBe(`rowsmith show ${written}`)
  const { stdout } = spawnSync('bash', ['-c', `printf %s ${written}`], { encoding: 'utf8' })
  expect(stdout).toBe(word)
})
