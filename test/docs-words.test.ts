import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { parseAst } from 'rolldown/parseAst'
import { expect, test } from 'vitest'
import { createProgram } from '../src/cli/program.ts'
import { pages } from './docs/pages.ts'

/*
 * The words of the list in CONTRIBUTING.md appear on no page, in no help, in no template, and in no text of the
 * source.
 */

const repository = fileURLToPath(new URL('..', import.meta.url))

function read(path: string): string {
  return readFileSync(join(repository, path), 'utf8')
}

/** The left column of the list. */
const rows = /^\| not \| but \|\n[^]*?\n\n/m.exec(read('CONTRIBUTING.md'))?.[0] ?? ''
const words = [...rows.matchAll(/^\| ([a-z ,]+) \|/gm)]
  .flatMap(([, cell = '']) => cell.split(', '))
  .filter((word) => word !== 'not')
const pattern = new RegExp(`\\b(?:${words.join('|')}|of [\\w ]+ there (?:is|are))\\b`, 'gi')

function wrongIn(place: string, text: string): string[] {
  return [...text.matchAll(pattern)].map(
    ({ 0: word, index }) => `${place}:${text.slice(0, index).split('\n').length}: ${word}`,
  )
}

/** A page without code, and this list. */
function proseOf(path: string): string {
  return read(path)
    .replaceAll(/^ {0,3}```[^]*?^ {0,3}```/gm, (block) => block.replaceAll(/[^\n]/g, ''))
    .replaceAll(/`[^`\n]+`/g, '')
    .replace(/^\| not \| but \|$[^]*?\n\n.*/m, (list) => list.replaceAll(/[^\n]/g, ''))
}

function helpsOf(command: Command): string[] {
  return [command.helpInformation(), ...command.commands.flatMap(helpsOf)]
}

test('pages, templates and helps have no word of the list', () => {
  expect(words.length).toBeGreaterThan(10)
  const others = globSync(
    ['templates/**/*.{md,yaml,ts}', 'skills/**/*.md', 'packages/*/*.{md,js}'],
    {
      cwd: repository,
    },
  )
  const helps = helpsOf(createProgram(() => undefined)).join('\n')
  const wrong = [
    ...pages.flatMap((path) => wrongIn(path, proseOf(path))),
    ...others.flatMap((path) => wrongIn(path, read(path))),
    ...wrongIn('--help', helps),
  ]
  expect(wrong).toEqual([])
})

interface Node {
  type: string
  start: number
  end: number
  [field: string]: unknown
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}

/** String literals and the constant parts of templates, without what a template inserts. */
function* literalsOf(node: Node): Generator<Node> {
  if (node.type === 'Literal' || node.type === 'TemplateElement') yield node
  for (const value of Object.values(node).flat()) if (isNode(value)) yield* literalsOf(value)
}

/** The words of the list in the file's texts, without code between backquotes. */
function wrongInTexts(path: string): string[] {
  const source = read(path)
  // Parsing all files takes seconds.
  if (wrongIn(path, source).length === 0) return []
  const texts = [...literalsOf(parseAst(source, { lang: 'ts' }, path) as unknown as Node)]
  return texts.flatMap(({ start, end }) => {
    const text = source.slice(start, end).replaceAll(/`[^`\n]+`/g, '``')
    const line = source.slice(0, start).split('\n').length
    return /\s\S+\s/.test(text) ? wrongIn(`${path}:${line}`, text) : []
  })
}

test('texts in the source have no word of the list', () => {
  const files = globSync('src/**/*.ts', {
    cwd: repository,
    exclude: (path) => path.endsWith('.test.ts'),
  })
  expect(files.length).toBeGreaterThan(300)
  expect(files.flatMap(wrongInTexts)).toEqual([])
})
