import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadPlugin } from './load-plugin.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowsmith-plugins-'))
  const files = {
    'package.json': '{ "type": "module" }',
    'sound.js': "export default { name: 'sound', version: '1.0.0' }",
    'no-default.js': 'export const plugin = 1',
    'nothing.js': '',
    'broken.js': "throw new Error('no luck')",
    'number.js': 'export default 5',
    'mistyped.js': "export default { name: 'a', colums: [] }",
    'wrong-kind.js': "export default { name: 'a', samplers: [{ kind: 'x' }] }",
    'batch.js':
      "export default { name: 'a', processors: [{ type: 'x', by: 'batch', schema: { safeParse() {} } }] }",
    'no-run.js':
      "export default { name: 'a', processors: [{ type: 'x', by: 'records', schema: { safeParse() {} }, output() {} }] }",
    'later.js': "export default { name: 'a', [Symbol.for('rowsmith.plugin-interface')]: 99 }",
    'node_modules/by-exports/package.json': {
      type: 'module',
      exports: { '.': { types: './a.d.ts', import: './in/a.js' }, './more': './in/b.js' },
    },
    'node_modules/by-exports/in/a.js': "export default { name: 'by-exports' }",
    'node_modules/by-exports/in/b.js': "export default { name: 'more' }",
    'node_modules/@scope/by-main/package.json': { type: 'module', main: 'main.js' },
    'node_modules/@scope/by-main/main.js': "export default { name: 'by-main' }",
    'inner/config.yaml': '',
  }
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  }
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  ['./sound.js', '', 'sound'],
  ['../sound.js', 'inner', 'sound'],
  ['by-exports', 'inner', 'by-exports'],
  ['by-exports/more', '', 'more'],
  ['@scope/by-main', 'inner', 'by-main'],
  ['./node_modules/by-exports', '', 'by-exports'],
])('%s from %j', async (written, from, name) => {
  await expect(loadPlugin({ written, folder: join(folder, from) })).resolves.toMatchObject({ name })
})

test.each([
  ['./soud.js', 'plugin-missing: There is no plugin …/soud.js', "Did you mean './sound.js'?"],
  ['./sound', 'plugin-missing: There is no plugin …/sound', "Did you mean './sound.js'?"],
  [
    'by-export',
    "plugin-missing: There is no package 'by-export' in or above …",
    "Did you mean 'by-exports'?",
  ],
  [
    'sound',
    "plugin-missing: There is no package 'sound' in or above …",
    "Did you mean the path './sound.js'?",
  ],
  [
    'rowsmith-plugin-none',
    "plugin-missing: There is no package 'rowsmith-plugin-none' in or above …",
    'Did you install it? npm install rowsmith-plugin-none',
  ],
  [
    'by-exports/none',
    "plugin-broken: The package of the plugin 'by-exports/none' exports no './none'",
    "Its package.json needs an entry in 'exports'.",
  ],
  [
    './no-default.js',
    "plugin-without-default: The plugin './no-default.js' has no default export, only plugin",
    'export default definePlugin',
  ],
  [
    './nothing.js',
    "plugin-without-default: The plugin './nothing.js' has no default export and exports nothing else",
    'export default definePlugin',
  ],
  [
    './broken.js',
    "plugin-broken: The plugin './broken.js' can't be loaded: no luck",
    'Run node …/broken.js to see where it fails.',
  ],
  [
    './number.js',
    "plugin-invalid: The export of './number.js' can't be used: it is a number instead of a plugin",
    'definePlugin',
  ],
  [
    './mistyped.js',
    "plugin-invalid: The export of './mistyped.js' can't be used: it has the unknown field 'colums'",
    "Did you mean 'columns'?",
  ],
  [
    './wrong-kind.js',
    "plugin-invalid: The export of './wrong-kind.js' can't be used: samplers[0] has no params that is a schema",
    "into 'samplers'",
  ],
  [
    './batch.js',
    "plugin-invalid: The export of './batch.js' can't be used: processors[0] has no by that is row or records",
    "into 'processors'",
  ],
  [
    './no-run.js',
    "plugin-invalid: The export of './no-run.js' can't be used: processors[0] has no run that is a function",
    "into 'processors'",
  ],
  [
    './later.js',
    "plugin-invalid: The export of './later.js' can't be used: it is made for version 99 of the plugin interface, and this rowsmith has version 1",
    'that go together',
  ],
])('%s is refused', async (written, message, suggestion) => {
  const told = (text: string): string => text.replaceAll(folder, '…').replace(/…( or .*)$/, '…')
  const fault = await loadPlugin({ written, folder }).catch((error: unknown) => error)
  expect(fault).toMatchObject({ name: 'PluginFault' })
  const {
    code,
    message: text,
    suggestion: wayOut,
  } = fault as {
    code: string
    message: string
    suggestion: string
  }
  expect(`${code}: ${told(text)}`).toBe(message)
  expect(told(wayOut)).toContain(suggestion)
})
