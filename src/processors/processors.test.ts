import { describe, expect, test } from 'vitest'
import { columnGraph, columnProblems, inputs, written } from '../../test/support/column-case.ts'
import { model, seedOf } from '../../test/support/compile-case.ts'

type Processor = Record<string, unknown>

const columns = inputs('topic', 'score')

function problemsWith(...processors: Processor[]): string[] {
  return columnProblems(columns, { processors })
}

function filter(when: string, fields: Processor = {}): Processor {
  return { name: 'good', processor_type: 'filter', when, ...fields }
}

describe('problems of processors', () => {
  test.each<[string, Processor, string]>([
    [
      'no type',
      { name: 'd', column_names: ['topic'] },
      "missing-field @ processors.0.processor_type: Processor 'd' lacks 'processor_type'",
    ],
    [
      'an unknown type',
      { processor_type: 'explode' },
      "wrong-word @ processors.0.processor_type: Processor 1 has the unknown processor_type 'explode'",
    ],
    [
      'a type that is nearly one',
      filter('{{ score }}', { processor_type: 'filtre' }),
      "(Did you mean 'filter'?)",
    ],
    [
      'an unknown key',
      filter('{{ score }}', { whenn: '{{ score }}' }),
      "unknown-key @ processors.0.whenn: Processor 'good' has no field 'whenn' (Did you mean 'when'?)",
    ],
    [
      'a condition in the wrong form',
      filter('score > 3'),
      "constant-condition @ processors.0.when: The condition of filter 'good' refers to no column (Put the expression into double braces: {{ score > 3 }})",
    ],
    [
      'a condition over no column',
      filter('{{ scor > 3 }}'),
      "unknown-reference @ processors.0.when 1:4: Filter 'good' refers to 'scor', which is not a column (Did you mean 'score'?)",
    ],
    [
      'a condition that does not parse',
      filter('{{ score >'),
      'template-syntax @ processors.0.when 1:',
    ],
    [
      'a condition behind a space',
      filter(' {{ score }}'),
      "condition-always-true @ processors.0.when: The condition of filter 'good' begins with a space, so every row is kept",
    ],
    [
      'a name to drop that no column has',
      { name: 'd', processor_type: 'drop_columns', column_names: ['topic', 'scor'] },
      "unknown-column @ processors.0.column_names.1: The name 'scor' to drop matches no column (Did you mean 'score'?)",
    ],
    [
      'a pattern that matches none',
      { name: 'd', processor_type: 'drop_columns', column_names: ['tmp_*'] },
      "unknown-column @ processors.0.column_names.0: The pattern 'tmp_*' to drop matches no column",
    ],
    [
      'a name of a dataset that is not a folder’s',
      { name: '../a', processor_type: 'schema_transform', template: { a: '{{ topic }}' } },
      "@ processors.0.name: 'name' of processor '../a' cannot be used",
    ],
    [
      'a name of a dataset that is too long for a folder',
      { name: 'ü'.repeat(101), processor_type: 'schema_transform', template: { a: '{{ topic }}' } },
      '@ processors.0.name:',
    ],
    [
      'a column that part files have already',
      { name: 'a', processor_type: 'schema_transform', template: { __row: '{{ topic }}' } },
      "reserved-name @ processors.0: Processor 'a' makes the column '__row', which is the name of the row number",
    ],
    [
      'a name of a dataset that ends in a space',
      { name: 'a ', processor_type: 'schema_transform', template: { a: '{{ topic }}' } },
      '@ processors.0.name:',
    ],
  ])('%s', (_, processor, expected) => {
    expect(problemsWith(processor)).toEqual([expect.stringContaining(expected)])
  })

  test('all at once, with those of columns', () => {
    const processors = [filter('{{ scor }}'), filter('{{ topic }}'), { processor_type: 'filter' }]
    expect(
      columnProblems([...columns, written({ name: 'e', expr: '{{ topi }}' })], { processors }).map(
        (text) => text.split(':')[0],
      ),
    ).toEqual([
      'duplicate-processor @ processors.1.name',
      'missing-field @ processors.2.when',
      'unknown-reference @ columns.2.expr 1',
      'unknown-reference @ processors.0.when 1',
    ])
  })

  test.each(['__row', '__record'])('no column is named %s, as part files have that', (name) => {
    expect(columnProblems([...columns, written({ name, expr: '{{ topic }}' })])).toEqual([
      expect.stringContaining('reserved-name @ columns.2.name'),
    ])
  })

  test.each([
    ['\uFEFFname', 'begins with a byte order mark (U+FEFF)'],
    ['a\uD800', 'has half of a character'],
  ])('no column is named %j, which files would not keep', (name, why) => {
    expect(columnProblems([...columns, written({ name, expr: '{{ topic }}' })])).toEqual([
      expect.stringMatching(new RegExp(`^reserved-name @ columns.2.name: .*${RegExp.escape(why)}`)),
    ])
  })

  test('a column can’t have the name of what a filter keeps', () => {
    const taken = [...columns, written({ name: 'filter:good', expr: '{{ topic }}' })]
    expect(columnProblems(taken, { processors: [filter('{{ score }}')] })).toEqual([
      expect.stringContaining('reserved-name @ columns.2.name'),
    ])
  })

  test('no template reads what a filter said', () => {
    const reader = written({
      name: 'e',
      expr: '{{ topic }}',
      skip: { when: '{{ good }}', value: null },
    })
    expect(columnProblems([...columns, reader], { processors: [filter('{{ score }}')] })).toEqual([
      expect.stringContaining("Column 'e' refers to 'good', which is not a column"),
    ])
  })
})

describe('drop_columns', () => {
  test('omits columns, sides and seed columns, by name and pattern', () => {
    const graph = columnGraph(
      [
        ...inputs('tmp_a', 'keep', 'note'),
        written({
          name: 'a',
          column_type: 'llm-text',
          model_alias: 'm',
          prompt: '{{ keep }}',
          with_trace: 'all_messages',
        }),
      ],
      {
        models: [model('m')],
        seed: seedOf({ city: 'string', size: 'int64' }),
        processors: [
          {
            name: 'tidy',
            processor_type: 'drop_columns',
            column_names: ['tmp_*', 'note', 'a__trace', '?iz*'],
          },
        ],
      },
    )
    const left = graph.columns.filter(({ drop }) => !drop).map(({ name }) => name)
    expect(left).toEqual(['keep', 'a', 'city'])
  })
})

describe('a filter in the graph', () => {
  const llm = (name: string, prompt: string): ReturnType<typeof written> =>
    written({ name, column_type: 'llm-text', model_alias: 'm', prompt })

  function upstreams(processors: Processor[]): Record<string, string[]> {
    const made = [
      ...inputs('topic'),
      llm('question', '{{ topic }}'),
      llm('answer', '{{ question }}'),
      written({ name: 'words', expr: '{{ topic }}' }),
    ]
    const graph = columnGraph(made, { models: [model('m')], processors })
    return Object.fromEntries(
      graph.columns.map(({ name, upstream }) => [
        name,
        upstream.map((id) => graph.columns[id]?.name ?? ''),
      ]),
    )
  }

  test('what it does not need waits for it', () => {
    expect(upstreams([filter("{{ 'x' in question }}")])).toEqual({
      topic: [],
      question: ['topic'],
      'filter:good': ['question'],
      answer: ['question', 'filter:good'],
      words: ['topic', 'filter:good'],
    })
  })

  test('several are asked in their order, and none waits for what waits for it', () => {
    const last = filter('{{ answer }}', { name: null })
    const first = filter('{{ topic }}', { name: 'first' })
    expect(upstreams([last, first])).toEqual({
      topic: [],
      question: ['topic'],
      answer: ['question'],
      'filter:filter 1': ['answer'],
      'filter:first': ['topic', 'filter:filter 1'],
      words: ['topic', 'filter:filter 1', 'filter:first'],
    })
    expect(upstreams([first, last])).toEqual({
      topic: [],
      'filter:first': ['topic'],
      question: ['topic', 'filter:first'],
      answer: ['filter:first', 'question'],
      'filter:filter 2': ['filter:first', 'answer'],
      words: ['topic', 'filter:first', 'filter:filter 2'],
    })
  })

  test('no fingerprint but its own knows of it', () => {
    const options = { hash: (text: string) => text }
    const plain = columnGraph(columns, options)
    const filtered = columnGraph(columns, { ...options, processors: [filter('{{ score }}')] })
    const of = ({ columns: all }: typeof plain): [string, string][] =>
      all
        .filter((column) => column.filter === null)
        .map(({ name, fingerprint }) => [name, fingerprint])
    expect(new Map(of(filtered))).toEqual(new Map(of(plain)))
    expect(filtered.order).toHaveLength(2)
    expect(filtered.byName.size).toBe(2)
  })
})
