import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { columnSuite, providerSuite, samplerSuite } from 'rowsmith/testing'
import plugin from './index.js'
import { echo } from './echo.js'
import { zipf } from './zipf.js'

// What every kind of its family has to do; the built-in kinds run the same cases.
const suites = {
  zipf: samplerSuite({ kind: zipf, params: { size: 20, exponent: 1.5 } }),
  'word-list': columnSuite({
    plugins: [plugin],
    column: { name: 'word', column_type: 'word-list', file: 'words.txt', by: 'number' },
    config: {
      columns: [
        { name: 'number', column_type: 'sampler', sampler_type: 'zipf', params: { size: 5 } },
      ],
    },
    directory: fileURLToPath(new URL('.', import.meta.url)),
  }),
  echo: providerSuite({ kind: echo, model: 'any', slowPrompt: 'slowly: hello' }),
}

for (const [name, suite] of Object.entries(suites)) {
  for (const each of suite) void test(`${name}: ${each.name}`, each.run)
}
