import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineExporter } from '../export/define.ts'
import { defineSampler } from '../samplers/define.ts'
import { builtIn } from './built-in.ts'
import { builtInRegistry, createRegistry } from './kind-registry.ts'
import { definePlugin } from './plugin.ts'

const one = defineSampler({
  kind: 'one',
  params: z.strictObject({}).describe('Always 1.'),
  converts: 'number',
  sampleType: () => 'int64',
  prepare: () => () => 1,
})

const lines = defineExporter({
  name: 'lines',
  endings: ['.txt'],
  header: () => null,
  line: (record) => [...record.keys()].join(' '),
})

test('kinds of plugins join the built-in ones, each with its origin', () => {
  const plugin = definePlugin({ name: 'p', version: '1', samplers: [one], exporters: [lines] })
  const registry = createRegistry([builtIn, plugin])
  expect([...registry.samplers.keys()].at(-1)).toBe('one')
  expect([...registry.exporters.keys()]).toEqual(['jsonl', 'csv', 'lines'])
  expect(registry.kinds.filter(({ plugin: from }) => from === 'p')).toEqual([
    { family: 'samplers', kind: 'one', description: 'Always 1.', plugin: 'p' },
    { family: 'export formats', kind: 'lines', description: '.txt', plugin: 'p' },
  ])
  expect(registry.originOf('sampler')).toBeNull()
  const column = { name: 'a', column_type: 'sampler', sampler_type: 'one', params: {} }
  expect(registry.columns.get('sampler')?.schema.safeParse(column).success).toBe(true)
  expect(builtInRegistry.columns.get('sampler')?.schema.safeParse(column).success).toBe(false)
})

test('every built-in kind says what it is', () => {
  expect(builtInRegistry.kinds.filter(({ description }) => description === '')).toEqual([])
})

test.each([
  [{ name: 'q', samplers: [one] }, "the plugins 'p' and 'q' both provide the sampler 'one'"],
  [{ name: 'p' }, "two plugins are named 'p'"],
  [
    { name: 'q', exporters: [{ ...lines, name: 'other', endings: ['.csv'] }] },
    "the plugins 'rowsmith' and 'q' both provide an export format for files ending in .csv",
  ],
])('what two plugins bring is refused: %#', (other, message) => {
  const plugin = definePlugin({ name: 'p', samplers: [one] })
  expect(() => createRegistry([builtIn, plugin, other])).toThrow(message)
})
