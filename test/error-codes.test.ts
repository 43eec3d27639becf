import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const repository = fileURLToPath(new URL('..', import.meta.url))
const source = join(repository, 'src')
const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => ({
    path: path.replaceAll('\\', '/'),
    text: readFileSync(join(source, path), 'utf8'),
  }))

function textOf(path: string): string {
  return texts.find((file) => file.path === path)?.text ?? ''
}

function wordsIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, word = '']) => word)
}

const page = readFileSync(join(repository, 'docs/troubleshooting.md'), 'utf8')
const codesPart = page.slice(page.indexOf('\n## Codes\n'), page.indexOf('\n## Ask for help\n'))
const [ofErrors = '', ofCells = ''] = codesPart.split('**Failed cells**')

/** Codes in the first column of a table, or anywhere in a paragraph below it. */
function codesOn(part: string): string[] {
  const lines = part
    .split('\n')
    .map((line) => (line.startsWith('|') ? (line.split('|')[1] ?? '') : line))
  return wordsIn(lines.join('\n'), /`([a-z]+(?:-[a-z]+)*)`/g)
}

test('the page has every code of an error that a program can get', () => {
  const union = textOf('util/errors.ts')
  const codes = wordsIn(union.slice(0, union.indexOf('export interface')), /\| '([a-z-]+)'/g)
  expect(codes.length).toBeGreaterThan(20)
  expect(
    codesOn(ofErrors)
      .filter((code) => code !== 'error-code')
      .toSorted(),
  ).toEqual(codes.toSorted())
})

test('the page has every code of a failed cell, and none that there is not', () => {
  const all = texts.map(({ text }) => text).join('\n')
  const failures = [
    ...wordsIn(all, /new (?:CellFailure|RequestError)\(\s*'([a-z-]+)'/g),
    ...wordsIn(all, /\bfailed\(\s*'([a-z-]+)'/g),
    ...wordsIn(textOf('models/classify.ts'), /code: '([a-z-]+)'/g),
    ...wordsIn(textOf('rows/cell-outcome.ts'), /codeOf\(\w+, '([a-z-]+)'\)/g),
    ...wordsIn(all, /'(answer-(?:cut|does|without)[a-z-]*)'/g),
    'plugin-failed',
  ]
  const told = codesOn(ofCells)
  expect(failures.length).toBeGreaterThan(40)
  expect([...new Set(failures)].filter((code) => !told.includes(code))).toEqual([])
  expect(
    told.filter((code) => !all.includes(`'${code}'`) && !all.includes(`\n  ${code}:`)),
  ).toEqual([])
})
