import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Case, pets, tales } from './case.ts'
import { linkLibrary } from './shell.ts'

/** Says what is wrong with a config. */
function checking(config: object | string, environment: Record<string, string> = {}): Case {
  return async ({ desk, run }) => {
    await desk.write('tales.yaml', typeof config === 'string' ? config : JSON.stringify(config))
    const { stderr } = await run('validate tales.yaml --require-keys', 2, environment)
    return withoutPlaces(stderr)
  }
}

const source = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

function withoutPlaces(text: string): string {
  return text.replaceAll(/tales\.yaml:\d+:\d+/g, 'tales.yaml:…')
}

/** What Node says when it starts the command line from its source with these flags, which make it an old one. */
function startedWith(flags: readonly string[], of = (text: string) => text): Case {
  return async () => {
    const child = spawn(process.execPath, [...flags, source, '--version'], { stdio: 'pipe' })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part))
    await once(child, 'close')
    if (child.exitCode !== 1) throw new Error(`it ended with ${child.exitCode}`)
    return of(text)
  }
}

/** A plugin whose kind reads a column that it did not ask for. */
const initials = `
import { commonFields, defineColumn, definePlugin, oneOf, z } from 'rowsmith/plugin'

const kind = defineColumn({
  type: 'initials',
  schema: z.strictObject({ ...commonFields, column_type: oneOf(['initials']) }).describe('First letters.'),
  describe: () => ({ by: 'row', pure: true, output: 'string', references: [], routes: [] }),
  bind: () => ({ by: 'row', generate: (row) => row.word.toUpperCase() }),
})
export default definePlugin({ name: 'letters', version: '1.0.0', columns: [kind] })
`

/** Before anything is made. */
export const configCases = {
  'old-node': startedWith([
    '--import',
    'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.19.0"}})',
  ]),
  'no-typescript': startedWith(['--no-experimental-strip-types'], (text) =>
    text.slice(text.indexOf('TypeError'), text.indexOf(' for ')),
  ),
  'no-file': async ({ desk, run }) => {
    await desk.write('pets.yaml', pets)
    return (await run('create pet.yaml', 2)).stderr
  },
  'literal-key': checking(tales({ provider: { api_key: 'sk-abcdefghijklmnopqrstuvwx' } })),
  'missing-key': checking(tales({ provider: { api_key: 'OPENAI_API_KEY' } })),
  'broken-key': checking(tales({ provider: { api_key: 'OPENAI_API_KEY' } }), {
    OPENAI_API_KEY: '“sk-123”',
  }),
  'unknown-name': checking({
    columns: [...pets.columns, { name: 'line', column_type: 'expression', expr: '{{ animl }}' }],
  }),
  'fails-in-every-row': checking({
    columns: [
      ...pets.columns,
      { name: 'half', column_type: 'expression', dtype: 'float', expr: '{{ animal / 2 }}' },
    ],
  }),
  'plugin-failed': async ({ desk, run }) => {
    await linkLibrary(desk.directory)
    await desk.write('letters.mjs', initials)
    const short = { name: 'short', column_type: 'initials' }
    await desk.write('pets.json', { plugins: ['./letters.mjs'], columns: [...pets.columns, short] })
    return (await run('validate pets.json', 2)).stderr
  },
  'seed-compression': async ({ desk, run }) => {
    await desk.write('cities.csv.zip', 'PK\u0003\u0004')
    await desk.write('tales.yaml', {
      seed_config: { source: { seed_type: 'local', path: 'cities.csv.zip' } },
      ...pets,
    })
    return withoutPlaces((await run('validate tales.yaml', 2)).stderr)
  },
  'person-table-missing': checking({
    columns: [{ name: 'who', column_type: 'sampler', sampler_type: 'person', params: {} }],
  }),
} satisfies Record<string, Case>
