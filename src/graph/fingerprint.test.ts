import { describe, expect, test } from 'vitest'
import { type Case, column, graphOf, model, seedOf } from '../../test/support/compile-case.ts'
import type { ModelConfig, RawColumn } from '../config/dataset.ts'
import { materialOf } from './fingerprint.ts'

describe('fingerprints', () => {
  function fingerprints(columns: readonly RawColumn[], options: Case = {}): Map<string, string> {
    const { columns: compiledColumns } = graphOf(columns, options)
    return new Map(compiledColumns.map(({ name, fingerprint }) => [name, fingerprint]))
  }

  const base = [
    column('topic'),
    column('story', '{{ topic }}', { model_alias: 'm', sides: ['story__trace'] }),
    column('title', '{{ story }}'),
    column('other'),
  ]
  const models = [model('m')]
  const before = fingerprints(base, { models })

  function changed(columns: readonly RawColumn[], options: Case = { models }): string[] {
    const after = fingerprints(columns, options)
    return [...before.keys()].filter((name) => after.get(name) !== before.get(name))
  }

  function withStory(fields: Record<string, unknown>): RawColumn[] {
    return base.map((one) => (one.name === 'story' ? { ...one, ...fields } : one))
  }

  test('stay when nothing that decides a value changes', () => {
    expect(changed(base.toReversed())).toEqual([])
    expect(changed(withStory({ drop: true, on_failure: 'null' }))).toEqual([])
    expect(changed([...base, column('more')])).toEqual([])
    expect(changed(withStory({ model_alias: 'n' }), { models: [model('n')] })).toEqual([])
    const parameters = model('m').inference_parameters
    const slower = model('m', {
      skip_health_check: true,
      inference_parameters: {
        ...parameters,
        max_parallel_requests: 99,
        requests_per_minute: 600,
        tokens_per_minute: 100_000,
        timeout: 5,
      },
    })
    expect(changed(base, { models: [slower] })).toEqual([])
  })

  test('change with the column and with all that reads it', () => {
    const downstream = ['story', 'story__trace', 'title']
    expect(changed(withStory({ template: '{{ topic }}!' }))).toEqual(downstream)
    expect(changed(withStory({ propagate_skip: false }))).toEqual(downstream)
    const skip = { when: '{{ other }}', value: null }
    expect(changed(withStory({ skip }))).toEqual(downstream)
    expect(changed(base.with(0, column('topic', 'else')))).toEqual(['topic', ...downstream])
    expect(changed(base.with(3, column('other', 'else')))).toEqual(['other'])
  })

  test.each<[string, Partial<ModelConfig>]>([
    ['model', { model: 'org/larger' }],
    ['provider', { provider: 'elsewhere' }],
    [
      'temperature',
      { inference_parameters: { ...model('m').inference_parameters, temperature: 1 } },
    ],
    [
      'extra_body',
      { inference_parameters: { ...model('m').inference_parameters, extra_body: { seed: 1 } } },
    ],
  ])("change with the model's %s", (_, fields) => {
    expect(changed(base, { models: [model('m', fields)] })).toEqual([
      'story',
      'story__trace',
      'title',
    ])
  })

  test("change with the seed's content, for what reads it", () => {
    const columns = [column('a', '{{ city }}'), column('b')]
    const one = fingerprints(columns, { seed: seedOf({ city: 'string' }, 'sha256:1') })
    const two = fingerprints(columns, { seed: seedOf({ city: 'string' }, 'sha256:2') })
    const differing = [...one.keys()].filter((name) => one.get(name) !== two.get(name))
    expect(differing.toSorted()).toEqual(['a', 'city'])
  })

  test('show their material without upstream', () => {
    const { columns } = graphOf(base, { models })
    expect(columns.find(({ name }) => name === 'story')?.material).toMatchInlineSnapshot(
      `"{"column":{"column_type":"note","name":"story","output":"string","propagate_skip":true,"sides":["story__trace"],"skip":null,"template":"{{ topic }}"},"identity":{"model":"org/model","parameters":{"extra_body":null,"generation_type":"chat-completion","max_tokens":null,"temperature":0.5,"top_p":null},"provider":"local"}}"`,
    )
    expect(columns.find(({ name }) => name === 'title')?.material).not.toContain('local')
  })
})

test('what becomes of an answer that was cut off is not in the fingerprint', () => {
  const written = { name: 'story', prompt: 'x' }
  const material = (config: object): string =>
    materialOf({ config, identity: 1, seed: null, plugin: null, loaded: undefined })
  expect(material({ ...written, on_cut: 'fail' })).toBe(material({ ...written, on_cut: 'keep' }))
  expect(material({ ...written, prompt: 'y' })).not.toBe(material(written))
})
