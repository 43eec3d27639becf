import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../src/cli/program.ts'
import { blocksOf } from './docs/blocks.ts'
import { executedPages } from './docs/pages.ts'

/*
 * The pages name no command and no option that does not exist, and every one that exists somewhere.
 */

const repository = fileURLToPath(new URL('..', import.meta.url))
const pages = executedPages.filter((path) => path !== 'CONTRIBUTING.md').map(pageAt)

const program = createProgram(() => undefined)
const commands = new Map(program.commands.map((command) => [command.name(), command]))

interface Page {
  path: string
  /** What stands in code: spans of the prose, and lines of shell blocks. */
  code: readonly string[]
}

function pageAt(path: string): Page {
  const text = readFileSync(join(repository, path), 'utf8')
  const prose = text.replaceAll(/^ {0,3}```[^]*?^ {0,3}```/gm, '')
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' '))
  const lines = blocksOf(path, text)
    .filter(({ language }) => language === 'sh')
    .flatMap((block) => block.text.split(/\n|&&|\|/))
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
  return { path, code: [...spans, ...lines] }
}

/** Long names and short ones; every command has a help. */
function optionsOf(command: Command): string[] {
  // Those of a command below another are options of that one, too.
  const own = [command, ...command.commands].flatMap(({ options }) =>
    options.flatMap(({ long, short }) => [long, short]),
  )
  return ['-h', '--help', ...own].filter((name) => name != null)
}

/** `-n` and `--rows` of `rowsmith create a.yaml -n 5 --rows=5`, without what is in quotes. */
function optionsIn(code: string): string[] {
  return [...code.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g)].map(([option]) => option)
}

/** The words behind `rowsmith`, where code calls it. */
function callIn(code: string): string | undefined {
  return /^(?:npm run -s )?rowsmith(?: --)?(?= )(.*)$/.exec(code)?.[1]?.trim()
}

test('every call on a page is one of a command with options it has', () => {
  const wrong: string[] = []
  let calls = 0
  for (const { path, code } of pages) {
    for (const text of code) {
      const call = callIn(text)
      if (call === undefined || call === '…' || call.startsWith('-')) continue
      calls += 1
      const name = call.split(' ')[0] ?? ''
      const command = commands.get(name)
      const known = command === undefined ? [] : optionsOf(command)
      if (command === undefined || !optionsIn(call).every((option) => known.includes(option))) {
        wrong.push(`${path}: ${text}`)
      }
    }
  }
  expect(wrong).toEqual([])
  expect(calls).toBeGreaterThan(50)
})

/** Of Data Designer's command line. */
const foreign = ['-d', '-o']

test('every option that is named alone is one of some command', () => {
  const known = [...commands.values(), program].flatMap(optionsOf)
  const unknown = pages.flatMap(({ path, code }) =>
    code
      .filter((text) => text.startsWith('-'))
      .flatMap(optionsIn)
      .filter((option) => ![...known, ...foreign].includes(option))
      .map((option) => `${path}: ${option}`),
  )
  expect(unknown).toEqual([])
})

test('every command stands on the page on the command line, and every option on some page', () => {
  const listed = pageAt('docs/cli.md').code.join('\n')
  const names = [...commands].flatMap(([name, { commands: inner }]) =>
    inner.length === 0 ? [name] : inner.map((each) => `${name} ${each.name()}`),
  )
  for (const name of names) expect(listed).toMatch(new RegExp(`^${name}(?: [A-Z[]|$)`, 'm'))
  const named = new Set(pages.flatMap(({ code }) => code.flatMap(optionsIn)))
  const missing = [...commands].flatMap(([name, command]) =>
    command.options
      .filter(({ long, short }) => !named.has(long ?? '') && !named.has(short ?? ''))
      .map(({ flags }) => `${name} ${flags}`),
  )
  expect(missing).toEqual([])
})
