import { describe, expect, test } from 'vitest'
import { column, graphOf, model, seedColumn, seedOf } from '../../test/support/compile-case.ts'

describe('the graph', () => {
  test('puts upstream first and otherwise keeps the order of the config', () => {
    const graph = graphOf([
      column('story', '{{ title }} {{ mood }}'),
      column('free'),
      column('title', '{{ topic }}'),
      column('mood'),
      column('topic'),
    ])
    expect(graph.columns.map(({ name }) => name)).toEqual([
      'free',
      'mood',
      'topic',
      'title',
      'story',
    ])
    expect(graph.columns.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4])
    expect(graph.order.map((id) => graph.columns[id]?.name)).toEqual([
      'story',
      'free',
      'title',
      'mood',
      'topic',
    ])
    expect(Object.fromEntries(graph.byName)).toEqual({
      free: 0,
      mood: 1,
      topic: 2,
      title: 3,
      story: 4,
    })
    expect(graph.columns.map(({ depth }) => depth)).toEqual([0, 0, 0, 1, 2])
    expect(graph.columns.map(({ upstream }) => upstream)).toEqual([[], [], [], [2], [1, 3]])
    expect(graph.columns.map(({ dependants }) => dependants)).toEqual([[], [4], [3], [4], []])
  })

  test('reads a name twice but waits for it once', () => {
    const graph = graphOf([column('a'), column('b', '{{ a }} {{ a }}')])
    expect(graph.columns[1]?.upstream).toEqual([0])
    expect(graph.columns[0]?.dependants).toEqual([1])
  })

  test('puts seed columns behind the configured ones', () => {
    const graph = graphOf([column('b', '{{ city }}')], {
      seed: seedOf({ city: 'string', size: 'int64' }),
    })
    expect(graph.order.map((id) => graph.columns[id]?.name)).toEqual(['b', 'city', 'size'])
    expect(graph.columns.map(({ name }) => name)).toEqual(['city', 'b', 'size'])
    expect(graph.columns[2]).toMatchObject({ type: 'int64', drop: false, by: 'row', pure: true })
  })

  test('leaves a seed column where the config writes it', () => {
    const graph = graphOf([seedColumn('size', { drop: true }), column('b')], {
      seed: seedOf({ city: 'string', size: 'int64' }),
    })
    expect(graph.order.map((id) => graph.columns[id]?.name)).toEqual(['size', 'b', 'city'])
    expect(graph.columns[graph.byName.get('size') ?? -1]).toMatchObject({
      drop: true,
      type: 'int64',
    })
  })

  test('puts sides behind their producer and makes them wait for it only', () => {
    const graph = graphOf(
      [
        column('after', '{{ talk__trace }}'),
        column('talk', 'x', { sides: ['talk__trace', 'talk__more'], model_alias: 'm', drop: true }),
      ],
      { models: [model('m')] },
    )
    expect(graph.columns.map(({ name }) => name)).toEqual([
      'talk',
      'talk__trace',
      'talk__more',
      'after',
    ])
    const [talk, trace, more, after] = graph.columns
    expect(talk).toMatchObject({ sides: [1, 2], producer: null, dependants: [1, 2], drop: true })
    expect(talk?.routes).toEqual([{ name: 'm', operation: 'chat', requests: 'one' }])
    expect(talk).toMatchObject({ requests: 'one', by: 'cell', pure: false })
    expect(trace).toMatchObject({ producer: 0, upstream: [0], required: [0], dependants: [3] })
    expect(trace).toMatchObject({ routes: [], requests: 'none', depth: 0, drop: false })
    expect(trace).toMatchObject({ by: 'cell', pure: false, type: 'json', sides: [], skip: null })
    expect(more).toMatchObject({ producer: 0, dependants: [] })
    expect(after).toMatchObject({ upstream: [1], required: [1], depth: 1 })
    expect(graph.order).toEqual([3, 0, 1, 2])
  })

  test('waits for what a skip condition reads, whose skip does not propagate', () => {
    const graph = graphOf([
      column('price', '1', { output: 'int64' }),
      column('name'),
      column('text', '{{ name }}', {
        skip: { when: '{{ price > 3 }}', value: 'none' },
        propagate_skip: false,
        on_failure: 'null',
      }),
    ])
    const text = graph.columns[2]
    expect(text).toMatchObject({ upstream: [0, 1], required: [1], propagateSkip: false })
    expect(text?.skip?.value).toBe('none')
    expect(text?.skip?.when.source).toBe('{{ price > 3 }}')
    expect(text?.onFailure).toBe('null')
    expect(graph.columns[0]?.skip).toBeNull()
  })

  test('gives a skip value the type of its column', () => {
    const skip = (value: unknown) => ({ skip: { when: '{{ a }}', value } })
    const graph = graphOf([
      column('a'),
      column('b', 'x', skip(7)),
      column('c', 'x', skip(0.5)),
      column('d', 'x', { ...skip(7), output: 'int64' }),
      column('e', 'x', skip(null)),
    ])
    expect(graph.columns.map((one) => one.skip?.value)).toEqual([undefined, '7', '0.5', 7, null])
  })

  test('is the same for the same config', () => {
    const columns = [column('c', '{{ a }}{{ b }}'), column('b', '{{ a }}'), column('a')]
    expect(graphOf(columns)).toEqual(graphOf(columns))
  })

  test('sees columns named like a function of the template language', () => {
    const graph = graphOf([column('list', '{{ range }}'), column('range')])
    expect(graph.columns.map(({ name }) => name)).toEqual(['range', 'list'])
    const numbers = graphOf([column('numbers', '{% for i in range(3) %}{{ i }}{% endfor %}')])
    expect(numbers.columns[0]?.upstream).toEqual([])
  })

  test('compiles a chain of 5,000 columns', () => {
    const columns = Array.from({ length: 5000 }, (_, i) =>
      column(`c${i}`, i === 4999 ? 'end' : `{{ c${i + 1} }}`),
    )
    // A hash of fixed length: one that nests would grow with the chain.
    const graph = graphOf(columns, { hash: (text) => text.slice(-8) })
    expect(graph.columns[0]?.name).toBe('c4999')
    expect(graph.columns.at(-1)).toMatchObject({ name: 'c0', depth: 4999, upstream: [4998] })
  })
})
