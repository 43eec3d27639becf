import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundle } from '../build/bundle.ts'
import { pruneDeclarations } from '../build/prune-declarations.ts'

/*
 * The package as npm would publish it, in a folder where only its declared dependencies are: what
 * works from source can still break there (worker files, extensions, files that were omitted).
 */
const run = promisify(execFile)
const repository = fileURLToPath(new URL('..', import.meta.url))

interface Manifest {
  bin: { rowsmith: string }
  files: string[]
  dependencies: Record<string, string>
}

/** Packages whose types the package's own types name. */
let typePackages: string[] = []

/** A Node on the PATH that is too old for rowsmith, such as the one that npm was started with. */
const olderNode = await findOlderNode()

async function findOlderNode(): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, process.platform === 'win32' ? 'node.exe' : 'node')
    const { stdout } = await run(path, ['--version']).catch(() => ({ stdout: '' }))
    const major = Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 24)
    if (major >= 20 && major < 24) return path
  }
  return null
}

let scratch = ''
let project = ''
let command = ''

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'rowsmith-package-'))
  const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as Manifest
  const staged = join(scratch, 'staged')
  await mkdir(staged)
  for (const file of ['package.json', 'README.md', 'LICENSE', ...manifest.files]) {
    if (file === 'dist' || file.startsWith('!')) continue
    await cp(join(repository, file), join(staged, file), { recursive: true })
  }
  const compiler = join(repository, 'node_modules/typescript/bin/tsc')
  const outDir = join(staged, 'dist')
  await bundle(outDir)
  await run(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', outDir], {
    cwd: repository,
  })
  typePackages = pruneDeclarations(outDir)
  const { stdout } = await npm(['pack', '--ignore-scripts', '--json'], staged)
  const [packed] = JSON.parse(stdout) as [{ filename: string }]

  project = join(scratch, 'project')
  const modules = join(project, 'node_modules')
  await mkdir(modules, { recursive: true })
  await run('tar', ['-xzf', join(staged, packed.filename), '-C', modules])
  await cp(join(modules, 'package'), join(modules, 'rowsmith'), { recursive: true })
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(modules, name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(repository, 'node_modules', name), link, 'junction')
  }
  await installPlugin(modules)
  await writeFile(join(project, 'dice.yaml'), config)
  command = join(modules, 'rowsmith', manifest.bin.rowsmith)
}, 120_000)

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true })
})

/** The example of a plugin, packed and installed as a separate package. */
async function installPlugin(modules: string): Promise<void> {
  const { stdout } = await npm(
    ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch],
    join(repository, 'examples/plugin'),
  )
  const [packed] = JSON.parse(stdout) as [{ filename: string }]
  const folder = join(modules, 'rowsmith-plugin-example')
  await mkdir(folder)
  await run('tar', ['-xzf', join(scratch, packed.filename), '-C', folder, '--strip-components=1'])
  for (const name of ['config.yaml', 'words.txt']) {
    await cp(join(repository, 'examples/plugin', name), join(project, name))
  }
}

const config = `
columns:
  - { name: die, column_type: sampler, sampler_type: category, params: { values: [1, 2, 3] } }
  - { name: chance, column_type: sampler, sampler_type: uniform, params: { low: 0, high: 1 } }
  - { name: double, column_type: expression, dtype: int, expr: "{{ die * 2 }}" }
`

/** The error that is expected shows that the compiler found the types, and not `any`. */
const typedProgram = `
import { dataset, llm, model, provider, sampler, z } from 'rowsmith'
import { definePlugin } from 'rowsmith/plugin'
import { scriptedProvider } from 'rowsmith/testing'

const inside = definePlugin({ name: 'inside', providers: [scriptedProvider(() => '{"stars": 4}')] })
const writer = model('writer', {
  provider: provider('inside', { provider_type: 'scripted' }),
  model: 'small',
})
const reviews = dataset('reviews')
  .column('product', sampler.category(['kettle', 'lamp']))
  .column(
    'review',
    llm.structured({
      model: writer,
      schema: z.object({ stars: z.int() }),
      prompt: (row) => 'Review a ' + row.product,
    }),
  )
for await (const row of await reviews.create({ rows: 2, plugins: [inside] })) {
  const stars: number = row.review.stars
  const product: 'kettle' | 'lamp' = row.product
  console.log(stars, product)
  // @ts-expect-error
  row.review.start
}
`

/** npm itself says where it is to what it runs. */
function npm(parameters: string[], cwd: string): Promise<{ stdout: string }> {
  const script = process.env['npm_execpath']
  return script === undefined
    ? run('npm', parameters, { cwd, shell: process.platform === 'win32' })
    : run(process.execPath, [script, ...parameters], { cwd })
}

function rowsmith(...parameters: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [command, ...parameters], { cwd: project })
}

function program(text: string): Promise<{ stdout: string }> {
  return run(process.execPath, ['--input-type=module', '--eval', text], { cwd: project })
}

test('the package has what it needs and no tests', async () => {
  const folder = join(project, 'node_modules/rowsmith')
  const names = await readdir(folder, { recursive: true })
  expect(names).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'package.json',
      'schema/dataset.schema.json',
      'schema/mcp-providers.schema.json',
      'schema/model-configs.schema.json',
      'schema/providers.schema.json',
      'schema/run-config.schema.json',
      'schema/tool-configs.schema.json',
    ]),
  )
  const doors = ['index', 'plugin', 'testing/index']
  for (const file of [...doors, 'cli/main', 'store/ledger.worker']) {
    expect(names).toContain(join('dist', `${file}.js`))
  }
  for (const file of doors) expect(names).toContain(join('dist', `${file}.d.ts`))
  expect(names.filter((name) => /^dist.*[^d]\.ts$|\.test\.|\.map$/.test(name))).toEqual([])
  expect(names.filter((name) => /^dist.cli.*\.d\.ts$|^docs.\.vitepress/.test(name))).toEqual([])
  expect(await readFile(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})

test('its types name no package that it does not bring', async () => {
  const text = await readFile(join(project, 'node_modules/rowsmith/package.json'), 'utf8')
  const { dependencies } = JSON.parse(text) as Manifest
  const others = typePackages.filter((name) => !name.startsWith('node:'))
  expect(others).toContain('zod')
  expect(others.filter((name) => !(name in dependencies))).toEqual([])
})

test.skipIf(olderNode === null)('an older Node gets one line from every entry', async () => {
  const line = /^(?:Error: )?rowsmith needs Node 24 or later; this is Node \d+\.\d+\.\d+\.$/
  const older = async (parameters: string[]): Promise<string> => {
    const ended = await run(olderNode ?? '', parameters, { cwd: project }).catch(
      (error: unknown) => error as { stderr: string },
    )
    return ended.stderr
  }
  for (const name of ['rowsmith', 'rowsmith/plugin', 'rowsmith/testing']) {
    const text = `import('${name}').catch((error) => console.error(String(error)))`
    expect((await older(['--eval', text])).trim(), name).toMatch(line)
  }
  expect((await older([command, 'show', 'x'])).trim()).toMatch(line)
  const starter = join(repository, 'packages/create-rowsmith/index.js')
  expect((await older([starter])).trim()).toMatch(line)
})

test('every entry loads by require, too', async () => {
  const text = `console.log(
    typeof require('rowsmith').create,
    typeof require('rowsmith/plugin').definePlugin,
    typeof require('rowsmith/testing').scriptedProvider,
  )`
  const { stdout } = await run(process.execPath, ['--eval', text], { cwd: project })
  expect(stdout).toBe('function function function\n')
})

test.each(['nodenext', 'bundler'])('its types check a program with %s', async (resolution) => {
  const folder = join(project, `types-${resolution}`)
  await mkdir(folder)
  await writeFile(join(folder, 'program.mts'), typedProgram)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2024',
    lib: ['esnext'],
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
    types: ['node'],
    typeRoots: [join(repository, 'node_modules/@types')],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  const compiler = join(repository, 'node_modules/typescript/bin/tsc')
  const checked = await run(process.execPath, [compiler, '-p', folder]).catch(
    (error: unknown) => error as { stdout: string },
  )
  expect(checked.stdout).toBe('')
})

test('the command prints what it can do', async () => {
  const { stdout } = await rowsmith('--help')
  for (const name of ['create', 'preview', 'validate', 'show', 'export']) {
    expect(stdout).toContain(name)
  }
})

test('a dataset is validated, made by worker threads, and read by a program', async () => {
  await rowsmith('validate', 'dice.yaml')
  const { stdout } = await rowsmith('create', 'dice.yaml', '-n', '50', '--seed', '7', '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    rows: { requested: 50, accepted: 50, dropped: 0, remaining: 0 },
    files: [{ rows: 50 }],
  })
  const read = await program(`
    import { open } from 'rowsmith'
    await using dataset = await open('runs/dice')
    let records = 0
    for await (const { die, double } of dataset.records()) records += double === die * 2 ? 1 : 0
    console.log(records)
  `)
  expect(read.stdout).toBe('50\n')
})

test('npm create writes a config that runs', async () => {
  const starter = join(project, 'node_modules/create-rowsmith')
  await cp(join(repository, 'packages/create-rowsmith'), starter, { recursive: true })
  const words = [join(starter, 'index.js'), 'begun', '--template', 'tickets', '--model', 'stand-in']
  await run(process.execPath, words, { cwd: project })
  const { stdout } = await rowsmith('preview', 'begun/tickets.yaml', '-n', '1', '--json')
  expect(JSON.parse(stdout)).toMatchObject([{ id: expect.stringMatching(/^T-/) }])
})

test('the door for tests opens without a test runner', async () => {
  const { stdout } = await program(`
    import { createVirtualClock, scriptedProvider } from 'rowsmith/testing'
    console.log(typeof createVirtualClock, typeof scriptedProvider)
  `)
  expect(stdout).toBe('function function\n')
})

describe('a plugin that is installed next to it', () => {
  test('is in checks, word lists and the JSON Schema', async () => {
    await rowsmith('validate', 'config.yaml')
    const text = await readFile(join(project, 'config.yaml'), 'utf8')
    const typos = text.replace('zipf', 'zipff').replace('word-list', 'wordlist')
    await writeFile(join(project, 'typos.yaml'), typos)
    await expect(rowsmith('validate', 'typos.yaml')).rejects.toMatchObject({
      stderr: expect.stringMatching(/Did you mean 'zipf'\?[^]*Did you mean 'word-list'\?/),
    })
    const { stdout: schema } = await rowsmith('schema', '--plugin', 'rowsmith-plugin-example')
    const { definitions } = JSON.parse(schema) as { definitions: object }
    expect(Object.keys(definitions)).toContain('column-word-list')
    const { stdout: kinds } = await rowsmith('kinds', 'config.yaml')
    for (const kind of ['word-list', 'zipf', 'echo']) {
      expect(kinds).toMatch(new RegExp(`^  ${kind} +.*`, 'm'))
    }
    expect(kinds.replaceAll(/\s+/g, ' ')).toContain('without a model. [rowsmith-plugin-example]')
  })

  test('makes a dataset, which is read without naming it again', async () => {
    const { stdout } = await rowsmith('create', 'config.yaml', '-n', '20', '--seed', '3', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ rows: { accepted: 20 }, requests: 20 })
    await rowsmith('export', 'runs/config', '--to', 'out.jsonl')
    const [first = '{}'] = (await readFile(join(project, 'out.jsonl'), 'utf8')).split('\n')
    expect(JSON.parse(first)).toMatchObject({ said: expect.stringMatching(/^Say \w+$/) })
  })

  test('keeps what its families promise, by the suites of the door for tests', async () => {
    const folder = join(project, 'node_modules/rowsmith-plugin-example')
    await cp(join(project, 'words.txt'), join(folder, 'words.txt'))
    const { stdout } = await run(process.execPath, ['--test', join(folder, 'plugin.test.js')])
    expect(stdout).toMatch(/^. fail 0$/m)
  })
})
