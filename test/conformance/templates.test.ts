import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseTemplate } from '../../src/templates/parse-template.ts'
import type { Scope } from '../../src/templates/template.ts'
import { parseJson } from '../../src/util/json.ts'
import type { Value } from '../../src/util/value.ts'

interface Case {
  name: string
  template: string
  expected: string
}

// What real Jinja2 3.1.6 makes of the templates; `!ERR` stands for any error.
describe.each(['templates.json', 'templates-generated.json', 'templates-texts.json'])(
  '%s',
  (file) => {
    const { context, cases } = read(file)
    test.each(cases)('$name: $template', ({ template, expected }) => {
      expect(render(template, context)).toBe(expected.startsWith('!ERR') ? '!ERR' : expected)
    })
  },
)

// As columns render them: a name the template sets itself needs no column, and may be unset.
describe('templates-set.json', () => {
  const { context, cases } = read('templates-set.json')
  test.each(cases)('$name: $template', ({ template, expected }) => {
    const parsed = parseTemplate(template)
    const needed = parsed.references.filter(({ optional }) => optional !== true)
    expect(needed.filter(({ name }) => context.get(name) === undefined)).toEqual([])
    expect(outcome(() => parsed.render(context))).toBe(
      expected.startsWith('!ERR') ? '!ERR' : expected,
    )
  })
})

function render(template: string, context: Scope): string {
  return outcome(() => parseTemplate(template, { missing: 'lenient' }).render(context))
}

function outcome(make: () => string): string {
  try {
    return make()
  } catch {
    return '!ERR'
  }
}

function read(file: string): { context: Scope; cases: Case[] } {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8')
  const root = member(parseJson(text))
  const cases = root('cases')
  if (!Array.isArray(cases)) throw new Error(`${file} has no list of cases`)
  const context = root('context')
  if (!(context instanceof Map)) throw new Error(`${file} has no context`)
  return {
    context,
    cases: cases.map((one: Value) => {
      const part = member(one)
      return {
        name: asText(part('name')),
        template: asText(part('template')),
        expected: asText(part('expected')),
      }
    }),
  }
}

function member(value: Value): (name: string) => Value | undefined {
  if (!(value instanceof Map)) throw new Error('expected an object')
  return (name) => value.get(name)
}

function asText(value: Value | undefined): string {
  if (typeof value !== 'string') throw new Error('expected text')
  return value
}
