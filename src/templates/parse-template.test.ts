import { describe, expect, test } from 'vitest'
import { Double, type Value } from '../util/value.ts'
import { isTruthy, parseExpression, parseTemplate } from './parse-template.ts'
import { TemplateError, TemplateSyntaxError } from './template-error.ts'

const scope = new Map<string, Value>([
  ['name', 'Ada'],
  ['age', 36],
  ['score', new Double(3)],
  ['none', null],
  ['nothing', null],
  ['tags', ['a', 'b']],
  ['person', new Map<string, Value>([['city', 'Rome']])],
  ['odd', new Map<string, Value>([['items', 'I']])],
])

function render(template: string): string {
  return parseTemplate(template).render(scope)
}

function failure(template: string): string {
  try {
    return `no error, rendered ${JSON.stringify(render(template))}`
  } catch (thrown) {
    if (thrown instanceof TemplateError || thrown instanceof TemplateSyntaxError) {
      return thrown.message
    }
    throw thrown
  }
}

test.each([
  ['{% set a, b = [1] %}', '{% set a, b = [1] %}', 1],
  ['{%- for a, b in [[1]] -%}x{% endfor %}', '{%- for a, b in [[1]] -%}', 1],
  ['{% if 1 %}{% set x = 5 %}{% set x.y = 1 %}{% endif %}', '{% set x.y = 1 %}', 26],
  [
    '{% for i in range(1000) %}{% for j in range(1001) %}{% endfor %}{% endfor %}',
    '{% for j in range(1001) %}',
    27,
  ],
])('a statement that fails is reported whole: %s', (template, statement, column) => {
  expect(failure(template)).toContain(` in ${JSON.stringify(statement)} (line 1, column ${column})`)
})

describe('missing values', () => {
  test('a name the scope does not have is an error wherever it is used', () => {
    expect(failure('Hi {{ nmae }}')).toBe('"nmae" is not defined in "nmae" (line 1, column 7)')
    expect(failure('{% if nmae %}x{% endif %}')).toContain('"nmae" is not defined')
    expect(failure('{% for x in nmae %}x{% endfor %}')).toContain('"nmae" is not defined')
    expect(failure('{{ nmae == 1 }}')).toContain('"nmae" is not defined')
    expect(failure('a\n{{ nmae.x }}')).toContain('(line 2, column 4)')
    expect(failure('{{ name }}\n{{ age ~ name\n ~ nmae.x.y }}')).toContain(
      '"nmae" is not defined in "age ~ name\\n ~ nmae.x.y" (line 3, column 4)',
    )
  })

  test('can be asked about and replaced', () => {
    expect(render('{{ nmae is defined }} {{ nmae|default("d") }} {{ nothing|d("x") }}')).toBe(
      'False d None',
    )
  })

  test('a missing key is empty, what is below it is an error', () => {
    expect(render('[{{ person.zip }}]{{ "y" if person.zip else "n" }}[{{ tags[9] }}]')).toBe(
      '[]n[]',
    )
    expect(failure('{{ person.zip.code }}')).toBe(
      '"person" (dict) has no "zip" in "person.zip.code" (line 1, column 4)',
    )
    expect(failure('{{ nothing.x.y }}')).toContain('"nothing" (None) has no "x"')
  })

  test('null is a value wherever it stands', () => {
    const nulls = new Map<string, Value>([
      ['n', null],
      ['l', [null]],
      ['m', new Map([['k', null]])],
    ])
    const printed = (node: string): string => parseTemplate(`{{ ${node} }}`).render(nulls)
    for (const node of [
      'n',
      'm.k',
      "m['k']",
      'l[0]',
      'l[-1]',
      'l|first',
      'l|last',
      'l|max',
      "m.get('k', 1)",
      "[m]|map(attribute='k')|first",
      "[m]|map(attribute='k', default=1)|first",
      "'{0[k]}'.format(m)",
      'namespace(k=n).k',
      'cycler(n).current',
    ]) {
      expect(`${node} is ${printed(node)}`).toBe(`${node} is None`)
    }
    const macro = parseTemplate(
      '{% macro f(a, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ f(n, n) }}{{ f(b=n, a=n) }}',
    )
    expect(macro.render(nulls)).toBe('NoneNoneNoneNone')
    expect(
      parseTemplate('{% for x in [n, n] %}{{ x }}{{ loop.previtem }}{% endfor %}').render(nulls),
    ).toBe('NoneNoneNone')
    expect(parseTemplate('{% set x = 1 %}{% set x = n %}{{ x }}').render(nulls)).toBe('None')
  })

  test('plain Jinja takes missing names as empty, the strict mode no missing key', () => {
    expect(parseTemplate('[{{ nmae }}]', { missing: 'lenient' }).render(scope)).toBe('[]')
    expect(() => parseTemplate('{{ person.zip }}', { missing: 'strict' }).render(scope)).toThrow(
      '"person" (dict) has no "zip"',
    )
  })

  test('a method in place of a value is an error that says how to write the key', () => {
    expect(failure('{{ odd.items }}')).toContain("write ['items'] for a key of that name")
    expect(render("{{ odd['items'] }}")).toBe('I')
  })
})

test.each([
  ['{{ a', 'expected "}}", found the end of the template (line 1, column 5)'],
  ['x\n {% if a %}', '"if" has no end: "{% endif %}" is missing (line 2, column 12)'],
  [
    '{% for a in b %}{% endif %}',
    '"endif" does not end "for", which is still open: expected "else" or "endfor" (line 1, column 20)',
  ],
  ['{{ a|upcase }}', 'there is no filter "upcase" (line 1, column 6)'],
  ['{{ a|uper }}', 'there is no filter "uper"; did you mean "upper"? (line 1, column 6)'],
  ['{{ a is definde }}', 'there is no test "definde"; did you mean "defined"? (line 1, column 9)'],
  ['{% fore x in y %}', 'there is no statement "fore"; did you mean "for"? (line 1, column 4)'],
  [
    '{% include "x" %}',
    '"include" is not available: a template must be alone here (line 1, column 4)',
  ],
  ['{{ (a }}', 'unexpected "}", expected ")" (line 1, column 7)'],
  ['{{ "a }}', 'a string has no end: " is missing (line 1, column 4)'],
  [
    '{{ "\\N{BULLET}" }}',
    'characters have no names here: write the character itself, or its number as \\u2022 (line 1, column 5)',
  ],
  ['{# a', 'a comment has no end: "#}" is missing (line 1, column 1)'],
])('refuses %j', (template, message) => {
  expect(failure(template)).toBe(message)
})

test('errors say what arrived and what to do', () => {
  expect(failure('{{ name + age }}')).toBe(
    '+ does not work between str and int: write ~ to join texts, or |int to make numbers in "name + age" (line 1, column 1)',
  )
  expect(failure('{{ tags|map("upper") }}')).toContain('add |list or |join')
  expect(failure('{{ name|truncate(lenght=3) }}')).toContain(
    '"truncate" has no argument "lenght"; it takes length, killwords, end, leeway',
  )
  expect(failure('{{ 1 / 0 }}')).toContain('division by zero')
})

describe('evaluate', () => {
  test.each<[string, Value]>([
    ['{{ age }}', 36],
    ['{{ score }}', new Double(3)],
    ['{{ tags }}', ['a', 'b']],
    ['{{ person }}', new Map([['city', 'Rome']])],
    ['{{ nothing }}', null],
    ['{{ age > 30 }}', true],
    ['{{ age > 30 }} \n', true],
    [' {{ age > 30 }}', ' True'],
    ['{{ age }}{{ age }}', 3636],
    ['{{ (1, 2) }}', [1, 2]],
    ['{{ {1: range(2)} }}', new Map([['1', [0, 1]]])],
    ['{{ "False" }}', false],
    ['{{ "007" }}', '007'],
    ['{% if true %}false{% endif %}', 'false'],
    ['{% if true %}False{% endif %}', false],
    ['plain', 'plain'],
    [' ', ' '],
    ['', ''],
  ])('%j is %j', (template, value) => {
    expect(parseTemplate(template).evaluate(scope)).toEqual(value)
  })

  test('a bare expression keeps text as text', () => {
    expect(parseExpression('age >= 18').evaluate(scope)).toBe(true)
    expect(parseExpression('"False"').evaluate(scope)).toBe('False')
    expect(parseExpression("name in ['Ada'] and person.city == 'Rome'").render(scope)).toBe('True')
    expect(parseExpression('age + other').references.map(({ name }) => name)).toEqual([
      'age',
      'other',
    ])
    expect(() => parseExpression('{{ age }}')).toThrow(TemplateSyntaxError)
    expect(() => parseExpression('age >')).toThrow('expected an expression')
    expect(() => parseExpression('age + name').evaluate(scope)).toThrow(
      '+ does not work between int and str',
    )
  })
})

test('truth is that of Python', () => {
  const no: Value[] = [null, false, 0, 0n, '', [], new Map(), new Double(0), new Double(-0)]
  const yes: Value[] = [true, 1, -1n, ' ', '0', [null], new Map([['', null]]), new Double(1), NaN]
  expect(no.map(isTruthy)).toEqual(no.map(() => false))
  expect(yes.map(isTruthy)).toEqual(yes.map(() => true))
})

describe('references', () => {
  test.each<[string, string[]]>([
    ['{{ a.b.c["d"] }} {{ x[y] }} {{ a }}', ['a', 'x', 'y']],
    ['{% for i in list %}{{ i }}{{ loop.index }}{{ k }}{% endfor %}{{ i }}', ['list', 'k', 'i']],
    ['{% set x = y %}{{ x }}', ['y']],
    ['{{ x }}{% set x = 1 %}', ['x']],
    ['{% if c %}{% set x = 1 %}{{ x }}{% endif %}', ['c']],
    ['{% if c %}{% set x = 1 %}{% endif %}{{ x }}', ['c', 'x']],
    ['{% if c %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}', ['c']],
    ['{% with a = b %}{{ a }}{{ c }}{% endwith %}', ['b', 'c']],
    [
      '{% macro m(p, q=r) %}{{ p }}{{ q }}{{ s }}{{ caller() }}{{ later }}{% endmacro %}{% set later = 1 %}{{ m(t) }}',
      ['r', 's', 't'],
    ],
    ['{% call(u) m(v) %}{{ u }}{{ w }}{% endcall %}', ['m', 'v', 'w']],
    ['{{ x is defined and y|default(z) }}', ['x', 'y', 'z']],
    ['{% set n.x = 1 %}', ['n']],
    ['{{ loop }}{{ caller }}', ['loop', 'caller']],
    ['{% raw %}{{ a }}{% endraw %}{# {{ b }} #}', []],
  ])('%s reads %j', (template, names) => {
    expect(parseTemplate(template).references.map(({ name }) => name)).toEqual(names)
  })

  test('have the place they are first read, and what needs no column is marked', () => {
    expect(parseTemplate('a\n {{ b }}{{ b }}{{ range(2) }}').references).toEqual([
      { name: 'b', line: 2, column: 5 },
      { name: 'range', line: 2, column: 19, optional: true },
    ])
  })

  test.each<[string, string[]]>([
    ['{{ a.b.c["d"] }}', ['a.b.c.d 1:10', 'a.b.c 1:8', 'a.b 1:6']],
    ['{{ a[0].b }}{{ a[x].b }}', ['a.*.b 1:9']],
    [
      '{% for i in a.list %}{{ i.b }}{{ loop.index }}{% endfor %}',
      ['a.list 1:15', 'a.list.*.b 1:27'],
    ],
    ['{% for i in a %}{% set i = 1 %}{{ i.b }}{% endfor %}', []],
    ['{% for k, i in a.items() %}{{ i.b }}{% endfor %}{{ a.get("b") }}', []],
    ['{% set a = 1 %}{{ a.b }}{% with c = d %}{{ c.b }}{% endwith %}', []],
    // Whether something is there may be asked of what is not.
    ['{{ a.b is defined and a.c }}{{ a.d|default(a.e) }}{{ 1 if not a.f }}', ['a.e 1:46']],
    ['{% if a.b or a.c %}{% elif a.d == 1 %}{% endif %}', ['a.d 1:30']],
    ['{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m(a.c) }}', ['a.c 1:47']],
  ])('%s reads the fields %j', (template, places) => {
    const found = parseTemplate(template).references.flatMap(({ name, places: own = [] }) =>
      own.map(
        ({ place, line, column }) =>
          `${[name, ...place.map((step) => step ?? '*')].join('.')} ${line}:${column}`,
      ),
    )
    expect(found).toEqual(places)
  })

  test('a column named like a global is read instead of it', () => {
    expect(parseTemplate('{{ range }}').render(new Map([['range', 'wide']]))).toBe('wide')
  })
})

describe('randomness', () => {
  test('comes from the caller alone', () => {
    let draw = 0
    const random = (): number => (draw++ % 4) / 4
    const template = parseTemplate(
      '{{ [1,2,3,4]|random }}{{ [1,2,3,4]|random }} {{ [1,2,3]|shuffle }}',
    )
    expect(template.render(scope, { random })).toBe('12 [1, 3, 2]')
    for (const needy of ['{{ tags|random }}', '{{ tags|shuffle }}', '{{ lipsum() }}']) {
      expect(failure(needy)).toContain('needs randomness, and there is none')
    }
    expect(parseTemplate('{{ lipsum(1, html=false) }}').render(scope, { random })).toMatch(
      /^[A-Z].*\.$/,
    )
  })
})

test('jsonpath finds members, items and descendants', () => {
  const data = new Map<string, Value>([
    [
      'o',
      new Map<string, Value>([
        ['a', [new Map([['b', 1]]), new Map([['b', 2]])]],
        ['b', 3],
      ]),
    ],
  ])
  const found = (path: string): string => parseTemplate(`{{ o|jsonpath('${path}') }}`).render(data)
  expect(found('$.a[0].b')).toBe('[1]')
  expect(found('$.a[*].b')).toBe('[1, 2]')
  expect(found('$..b')).toBe('[3, 1, 2]')
  expect(found('$["a"][-1].b')).toBe('[2]')
  expect(found('$.a[0:1].b')).toBe('[1]')
  expect(found('$.nope')).toBe('[]')
  expect(() => found('$.[')).toThrow('"jsonpath" cannot read')
})
