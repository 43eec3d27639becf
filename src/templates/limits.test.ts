import { describe, expect, test } from 'vitest'
import { processorMs } from '../../test/support/processor-time.ts'
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

describe('no way to the host', () => {
  test.each([
    "{{ ''.constructor.constructor('return process.pid')() }}",
    "{{ ''['constructor']['constructor']('return process')() }}",
    "{{ (''|attr('constructor')).constructor('return process')() }}",
    "{{ b.constructor('return process')() }}",
    "{{ b.map.constructor('return process')() }}",
    "{{ c.get.constructor('return process')() }}",
    "{{ range.constructor('return process')() }}",
    "{{ n.toString.constructor('return process')() }}",
    '{{ c.__proto__.polluted() }}',
    '{{ cycler(1).next.call() }}',
    '{% set c.__proto__ = 1 %}',
  ])('%s is an error', (template) => {
    expect(attempt(template)).toMatch(/^TemplateError/)
  })

  test.each([
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    '__class__',
    'length',
    'size',
  ])('the member %s is nothing', (name) => {
    for (const object of [
      'a',
      'b',
      'c',
      'n',
      '(1,)',
      'none',
      'range(2)',
      'cycler(1)',
      'namespace()',
      'c.items()',
    ]) {
      expect(attempt(`[{{ ${object}.${name} }}]`)).toBe('[]')
      expect(attempt(`[{{ ${object}['${name}'] }}]`)).toBe('[]')
    }
    expect(attempt(`[{{ '{0.${name}}'.format(a) }}]`)).toBe('[]')
    expect(attempt(`[{{ [c]|map(attribute='${name}')|join }}]`)).toBe('[]')
  })

  test('keys named like members of the host are keys', () => {
    const host = new Map<string, Value>([
      [
        'o',
        new Map<string, Value>([
          ['__proto__', 1],
          ['constructor', 2],
        ]),
      ],
    ])
    expect(parseTemplate('{{ o.__proto__ }}{{ o.constructor }}').render(host)).toBe('12')
    expect(parseTemplate('{{ {"__proto__": 5} }}{{ dict(constructor=1) }}').render(host)).toBe(
      "{'__proto__': 5}{'constructor': 1}",
    )
  })
})

describe('every template ends, soon and small', () => {
  test.each([
    ['{% for i in range(10**9) %}{% endfor %}', 'too long'],
    ['{{ range(10**9)|list }}', 'too long'],
    ['{% for i in range(30000) %}{% for j in range(30000) %}{% endfor %}{% endfor %}', 'steps'],
    ["{{ 'a' * 10**9 }}", 'characters'],
    ['{{ [1] * 10**9 }}', 'items'],
    [
      "{% set ns = namespace(s='a') %}{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
      'characters',
    ],
    [
      "{% set ns = namespace(s='a') %}{% for i in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
      'characters',
    ],
    [
      '{% set ns = namespace(s=[1]) %}{% for i in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}',
      'items',
    ],
    [
      "{% set ns = namespace(s=['abcdefgh']) %}{% for i in range(40) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
      '',
    ],
    [
      '{% set ns = namespace(s=[]) %}{% for i in range(5000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}',
      'levels deep',
    ],
    [
      '{% set ns = namespace(s=[]) %}{% for i in range(5000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s|tojson }}',
      'levels deep',
    ],
    ['{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', 'inside one another'],
    ['{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}', 'inside one another'],
    ['{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}', 'inside one another'],
    ['{{ 10 ** (10 ** 10) }}', 'bits'],
    ['{{ 2 ** (10**9) }}', 'bits'],
    [
      '{% set ns = namespace(n=3) %}{% for i in range(40) %}{% set ns.n = ns.n * ns.n %}{% endfor %}',
      'bits',
    ],
    ["{{ '%999999999d' % 1 }}", 'too wide'],
    ["{{ '{:999999999}'.format(1) }}", 'too wide'],
    ["{{ '%.999999999f' % 1 }}", 'too wide'],
    ["{{ 'a'.center(10**9) }}", 'characters'],
    ["{{ 'a'|center(10**9) }}", 'characters'],
    ["{{ 'a'.zfill(10**9) }}", 'characters'],
    ["{{ 'a\\nb'|indent(10**9) }}", 'characters'],
    ["{{ ('\\t' * 10000).expandtabs(10**6) }}", 'characters'],
    ["{{ ('a' * 100000).replace('', 'b' * 100000) }}", 'characters'],
    ["{{ ('b' * 100000).join('a' * 100000) }}", 'characters'],
    ["{{ ['b' * 1000000] * 1000 }}", 'characters'],
    ['{{ [1]|batch(10**9, 0)|list }}', 'items'],
    ['{{ [1]|slice(10**9)|list }}', ''],
    ['{{ 1|round(10**9) }}{{ 1.5|round(10**9, "ceil") }}', 'precision'],
    ["{% for i in range(100000) %}{{ 'abcdefghijklmnop' * 1000 }}{% endfor %}", 'characters'],
    [
      "{% set s = 'a' * 10000000 %}{% for i in range(100000) %}{% if s|upper == s %}{% endif %}{% endfor %}",
      'steps',
    ],
    [
      "{% set s = 'a' * 10000000 %}{% for i in range(100000) %}{% if s in s %}{% endif %}{% endfor %}",
      'steps',
    ],
    ["{{ (('\\u00a0' * 500000) ~ 'x')|wordwrap(5) * 100 }}", ''],
    [
      "{% set ns = namespace(d={}) %}{% for i in range(100000) %}{% set ns.d = dict(ns.d, **{'k' ~ i: 1}) %}{% endfor %}",
      'steps',
    ],
    [
      "{% set s = 'a' * 15000000 %}{% for i in range(100000) %}{% set x = s|e %}{% endfor %}",
      'steps',
    ],
    ["{{ (['a' * 16000] * 100000)|tojson|length }}", 'characters'],
    ['{{ ([1] * 100000)|tojson(indent=200000)|length }}', 'characters'],
    ["{{ ('9' * 15000000)|fromjson }}", ''],
    [
      "{% set s = 'a' * 15000000 %}{% set t = 'a' * 15000000 %}{% for i in range(100000) %}{% if s == t %}{% endif %}{% endfor %}",
      'steps',
    ],
    [
      "{% set s = 'a' * 15000000 %}{% set t = 'a' * 15000000 %}{% for i in range(100000) %}{% if [s] == [t] %}{% endif %}{% endfor %}",
      'steps',
    ],
    [
      "{% set s = 'a' * 15000000 %}{% set t = 'a' * 15000000 %}{% for i in range(100000) %}{% set d = {s: 1}[t] %}{% endfor %}",
      'steps',
    ],
    ["{{ (['a' * 1000000] * 10000)|unique|list }}", 'steps'],
    ["{{ (['a' * 1000000] * 10000)|sort|length }}", 'steps'],
    [
      "{% set w = ('b' * 1000000) ~ '😀' %}{% for i in range(100000) %}{{ w[5] }}{% endfor %}",
      'steps',
    ],
    [
      "{% set w = ('b' * 1000000) ~ '😀' %}{% for i in range(100000) %}{% set x = w[5:6] %}{% endfor %}",
      'steps',
    ],
    ["{{ ('\\n' * 16000000).splitlines()|length }}", ''],
    ["{{ ('Σß' * 8000000).casefold()|length }}", ''],
    ["{{ ('Σß' * 8000000).swapcase()|length }}", ''],
    ["{{ ('&eacute ' * 2000000)|striptags|length }}", ''],
    ["{{ (' a' * 8000000).split()|length }}", ''],
    ["{{ ('a,' * 8000000).split(',')|length }}", ''],
    ["{{ ('a' * 15000000)|list|length }}", 'items'],
    ["{{ ('ab' * 8000000)|replace('', '')|length }}", 'steps'],
    ["{{ ('a' * 16000000)|reverse|length }}", 'steps'],
    ['{% for i in range(10000) %}{% set x = (7 ** 20000)|string %}{% endfor %}', 'steps'],
  ])('%s', (template, reason) => {
    let outcome = ''
    const took = processorMs(() => {
      outcome = attempt(template)
    })
    expect(outcome).toMatch(/^TemplateError/)
    expect(outcome).toContain(reason)
    expect(took).toBeLessThan(8000)
  })

  // Each level holds the one below twice: sixty of them are 2^60 lists to walk.
  describe.each([
    ['lists', '[{0}, {0}]', '[1]'],
    ['tuples', '({0}, {0})', '(1,)'],
    ['objects', "{'a': {0}, 'b': {0}}", "{'a': 1}"],
  ])('%s that hold one another twice', (_, shape, leaf) => {
    const grown = ['x', 'y']
      .map((name) => `{% set ns.${name} = ${shape.replaceAll('{0}', `ns.${name}`)} %}`)
      .join('')
    const made = `{% set ns = namespace(x=${leaf}, y=${leaf}) %}{% for i in range(60) %}${grown}{% endfor %}`

    test.each(['ns.x == ns.y', 'ns.x|tojson', 'ns.x|pprint', 'ns.x|string', '{(1, ns.x): 1}'])(
      '%s',
      (expression) => {
        expect(attempt(`${made}{{ ${expression} }}`)).toMatch(
          /^TemplateError.*(steps|characters|cannot be a key)/,
        )
      },
    )
  })

  test.each([
    ['(', 5000],
    ['[', 5000],
    ['{"a":', 5000],
    ['not ', 5000],
    ['- ', 5000],
    ['1 + ', 5000],
    ['a.', 5000],
    ['a|', 5000],
    ['1 if 1 else ', 5000],
    ['a and ', 5000],
  ])('%s written %d times is refused', (part, times) => {
    expect(attempt(`{{ ${part.repeat(times)}`)).toMatch(/^TemplateSyntaxError/)
    expect(attempt(`{{ ${part.repeat(times)}a }}`)).toMatch(/^TemplateSyntaxError/)
  })

  test('blocks inside one another are refused beyond the limit', () => {
    expect(attempt('{% if a %}'.repeat(3000) + '{% endif %}'.repeat(3000))).toMatch(
      /levels of nesting/,
    )
  })

  test('a long flat template is fine', () => {
    expect(attempt('{{ n }}'.repeat(20_000))).toBe('7'.repeat(20_000))
  })

  test('a render inside a render keeps both accounts', () => {
    const inner = parseTemplate('{% for i in range(60000) %}{% endfor %}{{ n }}')
    const nestedScope = { get: (name: string) => (name === 'm' ? inner.render(scope) : undefined) }
    const outer = parseTemplate('{% for i in range(90000) %}{% endfor %}'.repeat(9) + '{{ m }}')
    expect(outer.render(nestedScope)).toBe('7')
  })
})
