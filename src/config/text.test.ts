import { describe, expect, test } from 'vitest'
import { Double } from '../util/value.ts'
import { canonicalText } from './canonical.ts'
import { entriesOf, isMapping } from './literal.ts'
import type { ConfigPath } from './problem.ts'
import { formatProblems } from './format-problems.ts'
import { parseConfigText } from './text.ts'

const file = 'data.yaml'

function read(text: string): string {
  const { value, problems } = parseConfigText(text, { file })
  expect(problems).toEqual([])
  return canonicalText(value ?? null)
}

function complaints(text: string): string {
  const { value, problems } = parseConfigText(text, { file })
  expect(value).toBeUndefined()
  return formatProblems(problems)
}

// Compared with json.dumps(yaml.safe_load(text)) of PyYAML 6.0.
test.each([
  ['empty', '', 'null'],
  ['only a comment', '# nothing\n', 'null'],
  ['a document marker', '---\na: 1\n...\n', '{"a":1}'],
  ['byte order mark', '\ufeffa: 1', '{"a":1}'],
  ['carriage returns', 'a: 1\r\nb:\r\n  - x\r\n', '{"a":1,"b":["x"]}'],
  ['missing values', 'a:\nb: ~\nc: {d, e: }', '{"a":null,"b":null,"c":{"d":null,"e":null}}'],
  [
    'nesting',
    '- - 1\n  - 2\n- {a: , b: }\n- [a: 1, b]\n- ? x',
    '[[1,2],{"a":null,"b":null},[{"a":1},"b"],{"x":null}]',
  ],
  ['list at the margin of its key', 'a:\n- 1\n- 2\nb:\n  - 3', '{"a":[1,2],"b":[3]}'],
  ['flow closed at the margin', 'a: [\n  1,\n  2\n]', '{"a":[1,2]}'],
  [
    'literal and folded text',
    'a: |\n  x\n   y\n\n  z\nb: >\n  p\n  q\n\n  r\n',
    '{"a":"x\\n y\\n\\nz\\n","b":"p q\\nr\\n"}',
  ],
  ['chomping', 'c: |-\n  t\nd: |+\n  u\n\ne: 1', '{"c":"t","d":"u\\n\\n","e":1}'],
  ['plain text over lines', 'a: plain\n  continued\n  more', '{"a":"plain continued more"}'],
  [
    'quotes',
    `a: "a\\tb\\u00e9"\nf: 'it''s'\ng: "yes"\nh: '12'`,
    '{"a":"a\\tb\\u00e9","f":"it\'s","g":"yes","h":"12"}',
  ],
  ['quoted text over lines', 'a: "multi\n  line"', '{"a":"multi line"}'],
  ['comments', 'a: # c\n  b # d\nc: "x # y"\nd: x#y', '{"a":"b","c":"x # y","d":"x#y"}'],
  [
    'YAML 1.1 words',
    'values: [yes, on, no, off, 010, 12:30, 1e3]',
    '{"values":[true,true,false,false,8,750,"1e3"]}',
  ],
  [
    'keys that are not text',
    '1: a\n2.0: b\nyes: c\n~: d\n1.5: e\n.inf: f\n2024-01-01: g',
    '{"1":"a","1.5":"e","2.0":"b","2024-01-01":"g","Infinity":"f","null":"d","true":"c"}',
  ],
  ['alias', 'a: &x [1, {b: 2}]\nc: *x', '{"a":[1,{"b":2}],"c":[1,{"b":2}]}'],
  ['anchor defined again', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', '{"a":1,"b":1,"c":2,"d":2}'],
  [
    'merge',
    'a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3, r: 4}',
    '{"a":{"p":1,"q":2},"b":{"p":1,"q":3,"r":4}}',
  ],
  [
    'merge of several',
    'a: &x {p: 1}\nb: &y {p: 2, z: 3}\nc: {<<: [*x, *y]}',
    '{"a":{"p":1},"b":{"p":2,"z":3},"c":{"p":1,"z":3}}',
  ],
  ['a quoted merge key is a key', 'b: {"<<": 1}', '{"b":{"<<":1}}'],
  ['set', 'a: !!set {x, y}', '{"a":["x","y"]}'],
  [
    'pairs',
    'k: !!omap\n- a: 1\n- b: 2\np: !!pairs [a: 1, a: 2]',
    '{"k":[["a",1],["b",2]],"p":[["a",1],["a",2]]}',
  ],
  [
    'scalar tags',
    'a: !!str 5\nb: !!int "0x1F"\nc: !!float 3\nd: !!bool yes\ne: !!null x\nf: ! 5',
    '{"a":"5","b":31,"c":3.0,"d":true,"e":null,"f":5}',
  ],
  ['binary', 'a: !!binary aGVsbG8=\nb: !!binary |\n  /w==', '{"a":"hello","b":"\\ufffd"}'],
  [
    'JSON',
    '{"a":1,"b":[1.0,2e5,"\\u00e9\\/\\ud83d\\ude00"],"c":null}',
    '{"a":1,"b":[1.0,"2e5","\\u00e9/\\ud83d\\ude00"],"c":null}',
  ],
  [
    'JSON indented with tabs',
    '{\n\t"a":\t1,\n\t"b": [\n\t\t1.0,\n\t\t{"c": "x\\ty"}\n\t]\n}',
    '{"a":1,"b":[1.0,{"c":"x\\ty"}]}',
  ],
  ['comments in JSON', "{\n  # why\n  'a': 1 // 2\n}", '{"a":"1 // 2"}'],
])('%s', (_, text, json) => {
  expect(read(text)).toBe(json)
})

test('whole doubles, long integers and specials keep their kind', () => {
  const { value } = parseConfigText('[1, 1.0, 0.5, 9007199254740993, -0.0, .inf]', { file })
  expect(value).toStrictEqual([1, new Double(1), 0.5, 9007199254740993n, new Double(-0), Infinity])
})

test('keys that look like numbers keep their order', () => {
  const { value } = parseConfigText('{5: best, 10: other, 1: worst, x: y}', { file })
  expect(isMapping(value) && entriesOf(value).map(([key]) => key)).toEqual(['5', '10', '1', 'x'])
})

test('__proto__ and constructor are keys like any other', () => {
  const { value } = parseConfigText('{"__proto__": {"polluted": 1}, "constructor": 2}', { file })
  expect(canonicalText(value ?? null)).toBe('{"__proto__":{"polluted":1},"constructor":2}')
  expect(Object.getPrototypeOf(value)).toBeNull()
  expect({}).not.toHaveProperty('polluted')
})

test('a key written twice: the last counts, with a warning at it', () => {
  const { value, problems } = parseConfigText('a: 1\nb: 2\na: 3\n', { file })
  expect(canonicalText(value ?? null)).toBe('{"a":3,"b":2}')
  expect(formatProblems(problems)).toMatchInlineSnapshot(`
    "data.yaml:3:1
      warning: The key 'a' is written twice in one mapping; the last one counts
        Remove one of them.

    1 warning"
  `)
})

describe('what cannot be read', () => {
  test('tabs', () => {
    expect(complaints('a:\n\tb: 1')).toMatchInlineSnapshot(`
      "data.yaml:2:1
        Line 2 is indented with a tab: YAML wants spaces
          Indent YAML with spaces; tabs are only allowed inside { } and [ ].

      1 problem"
    `)
  })
  test('text with a colon', () => {
    expect(complaints('a:\n  prompt: Hello: {{ x }}')).toMatchInlineSnapshot(`
      "data.yaml:2:11
        The line has a second ': ', so YAML reads the text before it as another key
          Put text that contains ": " into quotes, or below the key after "|".

      1 problem"
    `)
  })
  test('templates without quotes', () => {
    expect(complaints('expr: {{ a }}')).toMatchInlineSnapshot(`
      "data.yaml:1:8
        A template is not quoted, so its braces are read as mappings
          expected  a text as key
          Put the text into quotes: expr: "{{ a }}"

      1 problem"
    `)
    expect(complaints('x: 1\nexpr: {{ a }} and {{ b }}')).toMatchInlineSnapshot(`
      "data.yaml:2:15
        A template is not quoted, so its braces are read as mappings
          Put the text into quotes: expr: "{{ a }} and {{ b }}"

      1 problem"
    `)
  })
  test('several errors at once', () => {
    expect(complaints('a: @x\nb: `y`\nc: %z\nd: *\ne: "\\d"')).toMatchInlineSnapshot(`
      "data.yaml:1:4
        Text cannot start with @ unless it is quoted
          Put the text into quotes.

      data.yaml:2:4
        Text cannot start with \` unless it is quoted
          Put the text into quotes.

      data.yaml:3:4
        Text cannot start with % unless it is quoted
          Put the text into quotes.

      data.yaml:4:4
        A '*' at the start of text begins an alias, and this one has no name
          Put the text into quotes.

      data.yaml:5:5
        In double quotes a backslash begins an escape, and \\d is none
          Write two backslashes, or use single quotes.

      5 problems"
    `)
  })
  test('open brackets and quotes', () => {
    expect(complaints('a: [1, 2\nb: 3\nc: 4')).toMatchInlineSnapshot(`
      "data.yaml:1:9
        A list in [ ] is not closed, or continues at the margin of its key
          Close it, and indent its further lines more than the key.

      1 problem"
    `)
    expect(complaints('a: "abc\nb: 3')).toMatchInlineSnapshot(`
      "data.yaml:1:4
        The quote that begins on line 1 is not closed
          Close it: a: "abc"

      1 problem"
    `)
  })
  test('a line without a colon', () => {
    expect(complaints('a: 1\nfoo')).toMatchInlineSnapshot(`
      "data.yaml:2:1
        A line holds neither 'key: value' nor a list item
          Add the ':' after the key, or indent the line if it continues a text.

      1 problem"
    `)
  })
  test('a dash on the line of the key', () => {
    expect(complaints('a: - 1')).toMatchInlineSnapshot(`
      "data.yaml:1:4
        A list begins on the line of its key, or a text begins with '-'
          Start the list on the next line, or put the text into quotes.

      data.yaml:1:6
        A line holds neither 'key: value' nor a list item
          Add the ':' after the key, or indent the line if it continues a text.

      2 problems"
    `)
  })
  test('two documents', () => {
    expect(complaints('a: 1\n---\nb: 2')).toMatchInlineSnapshot(`
      "data.yaml:2:1
        The file holds more than one YAML document
          expected  one document
          Remove the '---' line, or put the documents into files of their own.

      1 problem"
    `)
  })
  test('tags, aliases and merge keys', () => {
    expect(
      complaints(
        'a: !!python/object/apply:os.system [ls]\nb: !foo 1\nc: *nowhere\nd: &d [*d]\ne: {<<: 1}\nf: !!int x',
      ),
    ).toMatchInlineSnapshot(`
      "data.yaml:1:36
        The tag !!python/object/apply:os.system does not fit a list, or is not one that a config can have
          expected  !!str, !!int, !!float, !!bool, !!null, !!timestamp, !!binary, !!set, or no tag
          Remove the tag; write text that looks like a tag in quotes.

      data.yaml:2:9
        The tag !foo does not fit '1', or is not one that a config can have
          expected  !!str, !!int, !!float, !!bool, !!null, !!timestamp, !!binary, !!set, or no tag
          Remove the tag; write text that looks like a tag in quotes.

      data.yaml:3:4
        The alias *nowhere refers to an anchor that is not defined above it
          Write &nowhere before the value it refers to, or quote the text.

      data.yaml:4:8
        The alias *d is inside the value it refers to
          A config cannot contain itself; write the value out.

      data.yaml:5:5
        The merge key << needs a mapping, or a list of mappings
          Write '<<: *anchor'.

      data.yaml:6:10
        The tag !!int does not fit 'x', or is not one that a config can have
          expected  !!str, !!int, !!float, !!bool, !!null, !!timestamp, !!binary, !!set, or no tag
          Remove the tag; write text that looks like a tag in quotes.

      6 problems"
    `)
  })
})

test('aliases of aliases are bounded', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 12; level++) {
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    )
  }
  const { value, problems } = parseConfigText(lines.join('\n'), { file })
  expect(value).toBeUndefined()
  expect(problems.map(({ code }) => code)).toEqual(['alias-expansion'])
})

test.each([
  ['lists', '['.repeat(50_000)],
  ['mappings', '{a: '.repeat(50_000)],
  ['block lists', '- '.repeat(50_000)],
])('deeply nested %s are refused, not run into', (_, text) => {
  const { value, problems } = parseConfigText(text, { file })
  expect(value).toBeUndefined()
  expect(problems.map(({ code }) => code)).toEqual(['text-too-deep'])
})

test('aliases cannot nest values deeper either', () => {
  const lines = ['a0: &a0 x']
  for (let level = 1; level < 250; level++) lines.push(`a${level}: &a${level} [*a${level - 1}]`)
  const { value, problems } = parseConfigText(lines.join('\n'), { file })
  expect(value).toBeUndefined()
  expect(problems.map(({ code }) => code)).toEqual(['text-too-deep'])
})

test('a hundred levels are fine', () => {
  expect(read(`${'['.repeat(100)}${']'.repeat(100)}`)).toBe(`${'['.repeat(100)}${']'.repeat(100)}`)
})

test('a text too large for a config is refused', () => {
  const { problems } = parseConfigText(`a: ${'x'.repeat(9 * 2 ** 20)}`, { file })
  expect(problems.map(({ code }) => code)).toEqual(['text-too-large'])
})

describe('positions', () => {
  const text = [
    'columns:', // 1
    '  - name: topic', // 2
    '    params: {values: [a, "b c"], weights: }', // 3
    '  - &base', // 4
    '    name: story', // 5
    '    prompt: |', // 6
    '      First {{ topic }}', // 7
    '', // 8
    '      then {{ other }}', // 9
    "    when: '{{ a }} == 1'", // 10
    '    escaped: "\\t{{ a }}"', // 11
    '  - <<: *base', // 12
    '    name: copy', // 13
    'empty:', // 14
  ].join('\n')
  const { locate } = parseConfigText(text, { file })

  test.each<[string, ConfigPath, number, number]>([
    ['the root', [], 1, 1],
    ['a block value is found at its key', ['columns'], 1, 1],
    ['a list item', ['columns', 0], 2, 5],
    ['a value', ['columns', 0, 'name'], 2, 11],
    ['a flow value', ['columns', 0, 'params'], 3, 13],
    ['a value in a list', ['columns', 0, 'params', 'values', 1], 3, 26],
    ['a missing value is found at its key', ['columns', 0, 'params', 'weights'], 3, 34],
    ['a missing key is found at its owner', ['columns', 0, 'column_type'], 2, 5],
    ['a missing list position', ['columns', 7], 1, 1],
    ['text in a block', ['columns', 1, 'prompt'], 6, 13],
    ['a merged value is where it was written', ['columns', 2, 'prompt'], 6, 13],
    ['an own value over a merged one', ['columns', 2, 'name'], 13, 11],
    ['a value that is not written', ['empty'], 14, 1],
  ])('%s', (_, path, line, column) => {
    expect(locate(path)).toEqual({ line, column })
  })

  test('after and in lines at the margin', () => {
    const margin = parseConfigText('a: [\n1,\n 2, x\n]\nb: "y\nz"\nc: 3', { file })
    expect(margin.problems).toEqual([])
    expect(margin.locate(['a', 0])).toEqual({ line: 2, column: 1 })
    expect(margin.locate(['a', 2])).toEqual({ line: 3, column: 5 })
    expect(margin.locate(['c'])).toEqual({ line: 7, column: 4 })
  })

  test('of keys', () => {
    expect(locate(['columns', 0, 'name'], { key: true })).toEqual({ line: 2, column: 5 })
    expect(locate(['columns', 0, 'params', 'weights'], { key: true })).toEqual({
      line: 3,
      column: 34,
    })
    expect(locate(['columns', 0], { key: true })).toEqual({ line: 2, column: 5 })
  })

  test('inside texts', () => {
    const prompt = ['columns', 1, 'prompt']
    expect(locate(prompt, { within: { line: 1, column: 7 } })).toEqual({ line: 7, column: 13 })
    expect(locate(prompt, { within: { line: 3, column: 6 } })).toEqual({ line: 9, column: 12 })
    const when = ['columns', 1, 'when']
    expect(locate(when, { within: { line: 1, column: 4 } })).toEqual({ line: 10, column: 15 })
    // An escape before it shifts the text; its start is the best that is known.
    const escaped = ['columns', 1, 'escaped']
    expect(locate(escaped, { within: { line: 1, column: 3 } })).toEqual({ line: 11, column: 14 })
  })
})

test.each([
  ['expr: Issue {{ a }} # 12 in the list', ['1:20']],
  ['expr: "Issue {{ a }}" # why', []],
  ['expr: |\n  Issue {{ a }} # 12', []],
  ['note: Issue # 12', []],
  ['expr: Issue {{ a }}\n# why\nb: 1', []],
])('%j ends in a comment at %j', (text, places) => {
  const { problems } = parseConfigText(text, { file: 'a.yaml' })
  const found = problems.filter(({ code }) => code === 'comment-in-text')
  expect(found.map(({ position }) => `${position?.line}:${position?.column}`)).toEqual(places)
})
