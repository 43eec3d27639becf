import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTemplate } from './parse-template.ts'
import { TemplateError, TemplateSyntaxError } from './template-error.ts'
import type { Value } from '../util/value.ts'

const scope = new Map<string, Value>([
  ['a', 'text'],
  ['b', [1, 2, 3]],
  ['c', new Map<string, Value>([['x', 1]])],
  ['n', 7],
])

/** What came out, or the name of the error; anything but an error of templates is thrown on. */
function attempt(template: string): string {
  try {
    const parsed = parseTemplate(template)
    parsed.evaluate(scope)
    return parsed.render(scope)
  } catch (thrown) {
    if (thrown instanceof TemplateError || thrown instanceof TemplateSyntaxError) {
      return `${thrown.name}: ${thrown.message}`
    }
    throw thrown
  }
}

describe('fuzzing', () => {
  const pieces = [
    '{{',
    '}}',
    '{%',
    '%}',
    '{#',
    '#}',
    '{%-',
    '-%}',
    ' ',
    '\n',
    'a',
    'b',
    'c',
    'n',
    '1',
    '2.5',
    '"x"',
    "'y'",
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ':',
    ',',
    '.',
    '|',
    '+',
    '-',
    '*',
    '**',
    '/',
    '//',
    '%',
    '~',
    '==',
    '<',
    'in',
    'not',
    'is',
    'and',
    'or',
    'if',
    'else',
    'endif',
    'elif',
    'for',
    'endfor',
    'set',
    'endset',
    '=',
    'macro',
    'endmacro',
    'call',
    'endcall',
    'filter',
    'endfilter',
    'with',
    'endwith',
    'raw',
    'endraw',
    'block',
    'endblock',
    'loop',
    'range',
    'namespace',
    'recursive',
    'upper',
    'join',
    'map',
    'list',
    'tojson',
    'default',
    'sort',
    'defined',
    'odd',
    'items',
    'get',
    'format',
    'true',
    'none',
    '😀',
    '\\',
  ]

  test('garbage ends in text or in an error of templates', () => {
    const garbage = fc
      .array(fc.constantFrom(...pieces), { maxLength: 40 })
      .map((words) => words.join(' '))
    fc.assert(
      fc.property(garbage, (text) => {
        expect(attempt(text)).toBeTypeOf('string')
      }),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(attempt(`{{ ${text} }}`)).toBeTypeOf('string')
      }),
    )
  })

  test('well-formed templates end in text or in an error of templates', () => {
    fc.assert(
      fc.property(statements(), (text) => {
        const outcome = attempt(text)
        expect(outcome).not.toMatch(/^TemplateSyntaxError/)
      }),
      { numRuns: 2000 },
    )
  })
})

function statements(): fc.Arbitrary<string> {
  const filters = [
    'upper',
    'length',
    'list',
    'first',
    'sort',
    'join("-")',
    'tojson',
    'string',
    'int',
    'float',
    'reverse',
    'sum',
    'title',
    'unique',
    'map("upper")',
    'batch(2)',
    'default(1)',
    'items',
    'round(1)',
    'e',
    'trim',
    'abs',
    'wordwrap(4)',
    'truncate(9)',
    'urlize',
    'pprint',
    'dictsort',
    'format(1, "x")',
    'slice(2)',
    'indent(1)',
    'center(9)',
    'replace("a", 1)',
    'xmlattr',
    'urlencode',
    'groupby("x")',
    'striptags',
    'select',
    'min',
    'max',
    'last',
    'wordcount',
    'filesizeformat',
    'attr("x")',
    'selectattr("x")',
    'jsonpath("$..x")',
  ]
  const operators = [
    '+',
    '-',
    '*',
    '/',
    '//',
    '%',
    '**',
    '~',
    '==',
    '!=',
    '<',
    '>=',
    'in',
    'not in',
    'and',
    'or',
  ]
  const grammar = fc.letrec<{ expression: string; statement: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        'a',
        'b',
        'c',
        'n',
        'missing',
        '1',
        '2.0',
        '-3',
        '"x y"',
        'none',
        'true',
        '[]',
        '{}',
        '()',
        '(1, "a")',
        '{"k": 1}',
        'range(3)',
      ),
      fc
        .tuple(tie('expression'), fc.constantFrom(...operators), tie('expression'))
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      fc
        .tuple(tie('expression'), fc.constantFrom(...filters))
        .map(([operand, filter]) => `(${operand})|${filter}`),
      fc.tuple(tie('expression'), tie('expression')).map(([object, key]) => `(${object})[${key}]`),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom(
            'x',
            'upper()',
            'items()',
            'get("x")',
            'split()',
            'count(1)',
            'format(2)',
            'index("a")',
          ),
        )
        .map(([object, name]) => `(${object}).${name}`),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('defined', 'odd', 'string', 'mapping', 'none', 'iterable', 'lower'),
        )
        .map(([operand, name]) => `((${operand}) is ${name})`),
      fc.array(tie('expression'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      fc
        .tuple(tie('expression'), tie('expression'))
        .map(([test_, chosen]) => `(${chosen} if ${test_} else 0)`),
      tie('expression').map((operand) => `(not ${operand})`),
      tie('expression').map((operand) => `(${operand})[1:][::-1]`),
    ),
    statement: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant('text '),
      tie('expression').map((node) => `{{ ${node} }}`),
      fc
        .tuple(tie('expression'), tie('statement'), tie('statement'))
        .map(([test_, body, other]) => `{% if ${test_} %}${body}{% else %}${other}{% endif %}`),
      fc
        .tuple(tie('expression'), tie('statement'))
        .map(
          ([list, body]) => `{% for i in ${list} %}${body}{{ loop.index }}{% else %}-{% endfor %}`,
        ),
      fc
        .tuple(tie('expression'), tie('statement'))
        .map(([value, body]) => `{% set v = ${value} %}${body}{{ v }}`),
      fc.tuple(tie('statement'), tie('statement')).map(([first, second]) => first + second),
      fc
        .tuple(tie('expression'), tie('statement'))
        .map(([value, body]) => `{% with w = ${value} %}${body}{% endwith %}`),
      tie('statement').map((body) => `{% filter upper %}${body}{% endfilter %}`),
      tie('statement').map((body) => `{% macro m(p=1) %}${body}{% endmacro %}{{ m() }}`),
    ),
  }))
  return grammar.statement
}
