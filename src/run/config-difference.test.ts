import { array, assert, json, property } from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ConfigDifference,
  configDifferences,
  materialDifferences,
} from './config-difference.ts'

function between(before: unknown, after: unknown): [string, string[]][] {
  return shown(configDifferences(JSON.stringify(before), JSON.stringify(after)))
}

function shown(differences: readonly ConfigDifference[]): [string, string[]][] {
  return differences.map(({ place, lines }) => [place, [...lines]])
}

test('places are named by what stands there, and only lines that differ are shown', () => {
  const writer = { alias: 'writer', inference_parameters: { temperature: 0.2 } }
  const story = { name: 'story', prompt: 'One\nTwo\nThree' }
  const title = { name: 'title', prompt: 'A title' }
  const before = { model_configs: [writer], columns: [story, title] }
  expect(
    between(before, {
      model_configs: [{ ...writer, inference_parameters: { temperature: 0.7 } }],
      columns: [
        { ...title, drop: true },
        { ...story, prompt: 'One\nTwo and a half\nThree' },
        { name: 'label', expr: '{{ story }}', drop: false },
      ],
    }),
  ).toEqual([
    ['model_configs.writer.inference_parameters.temperature', ['- 0.2', '+ 0.7']],
    ['columns', ['- in this order: story, title', '+ in this order: title, story']],
    ['columns.story.prompt', ['- Two', '+ Two and a half']],
    ['columns.title.drop', ['+ true']],
    ['columns.label', ['+ name: "label"', '+ expr: "{{ story }}"']],
  ])
  const [found] = configDifferences('{"a": {"b": 1}}', '{"a": {}}')
  expect(found).toEqual({ place: 'a.b', lines: ['- 1'], values: [1, undefined] })
})

test('code and plugins are named by what of them changed', () => {
  const of = (source: string, version: string): string =>
    JSON.stringify({
      loaded: { source, export: 'default' },
      plugin: { name: 'words', version },
    })
  const [one, other] = ['1'.repeat(64), '2'.repeat(64)]
  expect(
    shown(materialDifferences('score', of(one, '1.0.0'), of(other, '1.1.0'), ['loaded', 'plugin'])),
  ).toEqual([
    ['columns.score.source', ['- content 111111111111…', '+ content 222222222222…']],
    ['columns.score.plugin.version', ['- "1.0.0"', '+ "1.1.0"']],
  ])
})

test('what differs never looks the same', () => {
  for (const [before, after] of [
    ['one two', 'one  two'],
    ['\u00e9', 'e\u0301'],
    ['1\n2', [1, 2]],
    ['x', ['x']],
    [null, 'null'],
    [{ drop: false }, { drop: null }],
  ]) {
    for (const [, lines] of between({ prompt: before }, { prompt: after })) {
      const texts = lines.map((line) => line.slice(2))
      expect(new Set(texts).size, lines.join('\n')).toBe(texts.length)
    }
    expect(between({ prompt: before }, { prompt: after })).not.toEqual([])
  }
  assert(
    property(array(json(), { minLength: 2, maxLength: 2 }), ([one = '', other = '']) => {
      for (const { lines } of configDifferences(one, other)) {
        const gone = lines.filter((line) => line.startsWith('- ')).map((line) => line.slice(2))
        const come = lines.filter((line) => line.startsWith('+ ')).map((line) => line.slice(2))
        expect(lines.length).toBeGreaterThan(0)
        expect(gone.join('\n')).not.toBe(come.join('\n'))
      }
    }),
    { numRuns: 200 },
  )
})
