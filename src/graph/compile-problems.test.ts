import { describe, expect, test } from 'vitest'
import {
  type Case,
  column,
  compiled,
  model,
  problemsOf,
  seedOf,
} from '../../test/support/compile-case.ts'
import type { RawColumn } from '../config/dataset.ts'

describe('problems', () => {
  test('are all there at once', () => {
    expect(
      problemsOf(
        [
          column('a', '{{ topicc }}'),
          column('topic', 'x', { column_type: 'notes' }),
          column('b', '{{ b }}'),
          column('c', 'x', { templat: 'y' }),
          column('d', 'x', { model_alias: 'writr' }),
          column('e', '{{ f }}'),
          column('f', '{{ e }}'),
          column('g', '{{ '),
        ],
        { models: [model('writer')] },
      ),
    ).toMatchInlineSnapshot(`
      [
        "unknown-column-type @ columns.1.column_type: Column 'topic' has the unknown column_type 'notes' (Did you mean 'note'?)",
        "unknown-key @ columns.3.templat: Column 'c' has no field 'templat' (Did you mean 'template'?)",
        "template-syntax @ columns.7.template 1:4: The template can't be read: expected an expression, found the end of the template",
        "unknown-reference @ columns.0.template 1:4: Column 'a' refers to 'topicc', which is not a column (Did you mean 'topic'?)",
        "self-reference @ columns.2.template 1:4: Column 'b' refers to itself (Its value is not there yet when this is read; refer to another column.)",
        "unknown-model @ columns.4.model_alias: Column 'd' uses the model alias 'writr', which is not configured (Did you mean 'writer'?)",
        "cycle @ columns.5.template 1:4: Columns wait for each other: e → f → e (e reads f in columns[5].template at 1:4; f reads e in columns[6].template at 1:4) (Remove one of these references.)",
      ]
    `)
  })

  test('point into the template', () => {
    const [problem] = compiled([column('a', 'one\n  {{ x }}'), column('b')]).problems
    expect(problem).toMatchObject({
      path: ['columns', 0, 'template'],
      within: { line: 2, column: 6 },
      received: 'x',
    })
  })

  test('name a kind that says it is pure and sends requests', () => {
    const columns = [column('a', 'x {{ b }}', { model_alias: 'm', says_pure: true }), column('b')]
    expect(problemsOf(columns, { models: [model('m')] })).toEqual([
      expect.stringContaining("the kind 'note' says it is pure and sends requests"),
    ])
  })

  test('are not repeated for columns that could not be read', () => {
    expect(
      problemsOf([
        column('broken', 'x', { unknown: 1 }),
        column('reads', '{{ broken }} {{ broken__trace }}'),
      ]),
    ).toHaveLength(1)
  })

  test.each<[string, RawColumn[], Case, string]>([
    [
      'a column named like one of the seed',
      [column('city')],
      { seed: seedOf({ city: 'string' }) },
      "seed-collision @ columns.0.name: Column 'city' has the name of a column of the seed",
    ],
    [
      'two columns of one name',
      [column('a'), column('a', 'other')],
      {},
      "duplicate-column @ columns.1.name: Column 'a' is defined twice: as columns[0] and columns[1] (Rename or remove one of them.)",
    ],
    [
      'two producers of one side',
      [column('a', 'x', { sides: ['s'] }), column('b', 'x', { sides: ['s'] })],
      {},
      "duplicate-column @ columns.1: Column 'b' fills the side column 's', and so does 'a'",
    ],
    [
      'a side named like a column',
      [column('a', 'x', { sides: ['b'] }), column('b')],
      {},
      "duplicate-column @ columns.0: Column 'a' fills the side column 'b', and that is also the name of a column",
    ],
    [
      'a reference to an own side',
      [column('a', '{{ s }}', { sides: ['s'] })],
      {},
      "self-reference @ columns.0.template 1:4: Column 'a' refers to 's', which the column itself fills",
    ],
    ['no column', [], {}, 'no-columns @ columns: The config makes no column'],
    [
      'nothing but a seed',
      [],
      { seed: seedOf({ city: 'string' }) },
      'no-columns @ columns: The config makes no column',
    ],
    [
      'every column dropped',
      [column('a', 'x', { drop: true })],
      { seed: seedOf({ city: 'string' }) },
      'all-columns-dropped @ columns: Every generated column is dropped',
    ],
    [
      'no model at all',
      [column('a', 'x', { model_alias: 'm' })],
      {},
      "unknown-model @ columns.0.model_alias: Column 'a' uses the model alias 'm', which is not configured",
    ],
  ])('%s', (_, columns, options, expected) => {
    const problems = problemsOf(columns, options)
    expect(problems).toEqual([expect.stringContaining(expected)])
  })

  test('a dropped column leaves the seed when there are processors', () => {
    const processors = [{ processor_type: 'filter', when: '{{ city }}' }]
    const options = { seed: seedOf({ city: 'string' }), processors }
    expect(problemsOf([column('a', 'x', { drop: true })], options)).toEqual([])
  })

  describe('of cycles', () => {
    test('show every edge with its place', () => {
      expect(
        problemsOf(
          [
            column('start', '{{ a }}'),
            column('a', '{{ b }}'),
            column('b', 'x', { skip: { when: '{{ c == 1 }}', value: null } }),
            column('c', 'first\n{{ a__trace }}'),
            column('end', '{{ c }}'),
          ].map((one) => (one.name === 'a' ? { ...one, sides: ['a__trace'] } : one)),
        ),
      ).toMatchInlineSnapshot(`
        [
          "cycle @ columns.1.template 1:4: Columns wait for each other: a → b → c → a (a reads b in columns[1].template at 1:4; b reads c in columns[2].skip.when at 1:4; c reads a__trace in columns[3].template at 2:4) (Remove one of these references.)",
        ]
      `)
    })

    test('come one by one', () => {
      const codes = problemsOf([
        column('a', '{{ b }}'),
        column('b', '{{ a }}'),
        column('c', '{{ d }} {{ a }}'),
        column('d', '{{ c }}'),
      ])
      expect(codes.map((text) => text.split(' (')[0])).toEqual([
        'cycle @ columns.0.template 1:4: Columns wait for each other: a → b → a',
        'cycle @ columns.2.template 1:4: Columns wait for each other: c → d → c',
      ])
    })
  })

  describe('of skip conditions', () => {
    test.each<[string, string, string | null, string]>([
      [
        'without braces',
        'b == 1',
        null,
        "constant-condition @ columns.0.skip.when: The skip condition of column 'a' refers to no column (Put the expression into double braces: {{ b == 1 }})",
      ],
      [
        'without a column',
        '{{ true }}',
        null,
        "constant-condition @ columns.0.skip.when: The skip condition of column 'a' refers to no column (Name the column that decides.)",
      ],
      [
        'of the column itself',
        '{{ a == 1 }}',
        null,
        "self-reference @ columns.0.skip.when 1:4: The skip condition of 'a' refers to itself",
      ],
      [
        'of its own side',
        '{{ a__trace }}',
        null,
        "self-reference @ columns.0.skip.when 1:4: The skip condition of 'a' refers to 'a__trace', which the column itself fills",
      ],
      [
        'of an unknown column',
        '{{ prize }}',
        null,
        "unknown-reference @ columns.0.skip.when 1:4: Column 'a' refers to 'prize', which is not a column (Did you mean 'price'?)",
      ],
      ['that do not parse', '{{ price', null, 'template-syntax @ columns.0.skip.when 1:'],
      [
        'behind a space',
        ' {{ price > 3 }}',
        null,
        "condition-always-true @ columns.0.skip.when: The skip condition of column 'a' begins with a space, so every row is skipped",
      ],
      [
        'with a value of another type',
        '{{ price }}',
        'word',
        "wrong-type @ columns.0.skip.value: The skip value of column 'a' is not of its type",
      ],
    ])('%s', (_, when, value, expected) => {
      const fields = { sides: ['a__trace'], output: 'int64', skip: { when, value } }
      const problems = problemsOf([column('a', 'x', fields), column('price')])
      expect(problems).toEqual([expect.stringContaining(expected)])
    })
  })
})
