import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../src/cli/program.ts'
import { pages } from './docs/pages.ts'

/*
 * Words that no one reads twice: those of the list in CONTRIBUTING.md stand on no page, in no help and in
 * no template.
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
