import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as library from '../src/index.ts'
import * as pluginDoor from '../src/plugin.ts'
import {
  exportedNames,
  findCycle,
  importsOf,
  layers,
  machinePaths,
  repeatedNames,
  type SourceFile,
  violations,
} from './support/source-law.ts'

const repository = fileURLToPath(new URL('..', import.meta.url))
const generated: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  'dist',
  'runs',
  'results',
  'coverage',
])
const texts = /\.(?:ts|js|json|md|ya?ml|sh)$|(?:^|\/)(?:run|\.gitignore|LICENSE)$/

/** Files of the repository below a folder, by path with `/` between names. */
function* filesBelow(folder: string): Generator<SourceFile> {
  for (const entry of readdirSync(join(repository, folder), { withFileTypes: true })) {
    if (generated.has(entry.name)) continue
    const path = folder === '' ? entry.name : join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (texts.test(path)) {
      yield {
        path: path.split(sep).join('/'),
        text: readFileSync(join(repository, path), 'utf8'),
      }
    }
  }
}

const sources = [...filesBelow('src')]
  .filter(({ path }) => path.endsWith('.ts'))
  .map(({ path, text }) => ({ path: path.slice('src/'.length), text }))

test('every source file keeps the law', () => {
  expect(sources.length).toBeGreaterThan(100)
  expect(sources.flatMap(violations)).toEqual([])
})

test('no file name occurs twice without a reason', () => {
  expect(repeatedNames(sources.map(({ path }) => path))).toEqual([])
})

test('the map of CONTRIBUTING.md has the folders in the order of the law', () => {
  const text = readFileSync(join(repository, 'CONTRIBUTING.md'), 'utf8')
  const map = text.slice(text.indexOf('| folder | holds |'), text.indexOf('The folders down to'))
  const named = [...map.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)\/`/g)].map(([, name]) => name),
  )
  expect(named).toEqual(layers)
  const folders = readdirSync(join(repository, 'src')).filter((name) => !name.endsWith('.ts'))
  expect(folders.toSorted()).toEqual(layers.toSorted())
})

test('no file imports itself in a circle', () => {
  expect(findCycle(sources)).toBeNull()
})

test('nothing in the repository knows a path of the machine it was written on', () => {
  const found = [...filesBelow('')].flatMap(({ path, text }) =>
    machinePaths(text).map((name) => `${path}: ${name}`),
  )
  expect(found).toEqual([])
})

test('the library exports these names and no others', () => {
  const text = sources.find(({ path }) => path === 'index.ts')?.text ?? ''
  const names = exportedNames(text)
  expect(names.filter((name) => !name.startsWith('type '))).toEqual(Object.keys(library).toSorted())
  expect(names).toMatchInlineSnapshot(`
    [
      "CellFailure",
      "CellInterrupted",
      "ConfigError",
      "Double",
      "RequestError",
      "RowsmithError",
      "checkRun",
      "columnOf",
      "compareRuns",
      "create",
      "custom",
      "dataset",
      "defineColumn",
      "defineCustom",
      "defineProvider",
      "expression",
      "forecast",
      "freeSpace",
      "giveUpBatches",
      "isRowsmithError",
      "jsonSchema",
      "listKinds",
      "listRuns",
      "listVariables",
      "llm",
      "model",
      "open",
      "preview",
      "provider",
      "pull",
      "render",
      "sampler",
      "start",
      "textMessage",
      "textOf",
      "type Again",
      "type Agreement",
      "type AgreementPair",
      "type AgreementReason",
      "type ArrowField",
      "type ArrowRow",
      "type ArrowTable",
      "type ArrowVector",
      "type BindContext",
      "type CellResult",
      "type CellStory",
      "type CellUsage",
      "type ChatMessage",
      "type ChatRequest",
      "type CheckRunOptions",
      "type ColumnConfig",
      "type ColumnDescription",
      "type ColumnForecast",
      "type ColumnKind",
      "type ColumnOptions",
      "type ColumnRoute",
      "type ColumnSpec",
      "type ColumnStatistics",
      "type ColumnType",
      "type ConfigInput",
      "type Constraint",
      "type Content",
      "type Correction",
      "type CustomColumn",
      "type CustomContext",
      "type CustomFunction",
      "type CustomOptions",
      "type Dataset",
      "type DatasetBuilder",
      "type DatasetConfig",
      "type DatasetOptions",
      "type DatasetRecord",
      "type DatasetReport",
      "type DescribeContext",
      "type EditPlan",
      "type EditedColumn",
      "type EmbedRequest",
      "type ErrorCode",
      "type ExportEvent",
      "type ExportFormat",
      "type ExportedFile",
      "type FailedCell",
      "type FailureFilter",
      "type Finding",
      "type Forecast",
      "type ForecastRun",
      "type FreeSpaceOptions",
      "type FreedSpace",
      "type Generator",
      "type GiveUpBatchesOptions",
      "type GivenPlugin",
      "type GivenUpBatch",
      "type HubEvent",
      "type ImageRequest",
      "type InferenceOptions",
      "type InterruptReason",
      "type JoinOptions",
      "type JsonSchema",
      "type JsonSchemaOptions",
      "type JudgedScore",
      "type KindFamily",
      "type KindList",
      "type ListKindsOptions",
      "type ListedKind",
      "type ListedRun",
      "type MediaFile",
      "type MediaRef",
      "type MediaStore",
      "type Mistake",
      "type Model",
      "type ModelOptions",
      "type ModelReply",
      "type ModelRequest",
      "type ModelTarget",
      "type OpenOptions",
      "type Operation",
      "type Plugin",
      "type Preview",
      "type PreviewOptions",
      "type PreviewRow",
      "type Problem",
      "type Prompt",
      "type Provider",
      "type ProviderContext",
      "type ProviderEntry",
      "type ProviderKind",
      "type ProviderOptions",
      "type PullOptions",
      "type Pulled",
      "type PushOptions",
      "type Pushed",
      "type Range",
      "type RenderOptions",
      "type RenderSource",
      "type RenderedPart",
      "type RenderedRow",
      "type Rendering",
      "type RequestEvent",
      "type RequestProblem",
      "type Row",
      "type RowCounts",
      "type RowStory",
      "type Run",
      "type RunCheck",
      "type RunComparison",
      "type RunEnd",
      "type RunEvent",
      "type RunOptions",
      "type RunResult",
      "type RunSummary",
      "type Schema",
      "type SchemaKind",
      "type SeedOptions",
      "type TaskContext",
      "type TemplateVariable",
      "type TextFigures",
      "type Tool",
      "type Turn",
      "type TypedPreviewOptions",
      "type TypedRun",
      "type TypedRunOptions",
      "type Usage",
      "type ValidateOptions",
      "type Validation",
      "type Value",
      "type VariableList",
      "type Verdict",
      "type WrittenConfig",
      "type WrittenRunConfig",
      "validate",
      "z",
    ]
  `)
})

test('the door for plugins exports these values and no others', () => {
  expect(Object.keys(pluginDoor).toSorted()).toMatchInlineSnapshot(`
    [
      "CellFailure",
      "CellInterrupted",
      "Double",
      "LoadFault",
      "RequestError",
      "SeedFault",
      "batchRows",
      "bindTemplate",
      "commonFields",
      "defineColumn",
      "defineExporter",
      "defineLeavingProcessor",
      "definePlugin",
      "defineProcessor",
      "defineProvider",
      "defineRowProcessor",
      "defineSampler",
      "defineSeedFormat",
      "defineSeedSource",
      "defineValidator",
      "describePrompt",
      "describeTemplate",
      "double",
      "flag",
      "integer",
      "list",
      "listedDistribution",
      "literal",
      "mapOf",
      "mapping",
      "oneOf",
      "openHttpProvider",
      "readContent",
      "refuse",
      "scalar",
      "templateStream",
      "text",
      "textMessage",
      "textOf",
      "toDouble",
      "toInteger",
      "uniformCdf",
      "vectorType",
      "withForm",
      "z",
    ]
  `)
})

describe('the checks see what they are there for', () => {
  function found(path: string, text: string): string[] {
    return violations({ path, text })
  }

  test('an import from the right, in every form', () => {
    const fromRight = "'../scheduler/scheduler.ts'"
    for (const text of [
      `import { a } from ${fromRight}\n`,
      `import type { A } from ${fromRight}\n`,
      `import {\n  type A,\n  b,\n} from ${fromRight}\n`,
      `import * as all from ${fromRight}\n`,
      `import ${fromRight}\n`,
      `export { a } from ${fromRight}\n`,
      `export * from ${fromRight}\n`,
      `const a = await import(${fromRight})\n`,
      `type A = import(${fromRight}).A\n`,
    ]) {
      expect(found('graph/a.ts', text), text).toEqual([
        'graph/a.ts imports scheduler/scheduler.ts, and is not right of it',
      ])
      expect(found('cli/a.ts', text), text).toEqual([])
      expect(found('graph/a.test.ts', text), text).toEqual([])
    }
  })

  test('the door, tests and places outside', () => {
    expect(found('run/a.ts', "import { create } from '../index.ts'\n")).toEqual([
      'run/a.ts imports the door index.ts; import the file itself',
    ])
    expect(found('index.ts', "export { main } from './cli/main.ts'\n")).toEqual([
      'index.ts imports cli/main.ts, and is not right of it',
    ])
    expect(found('index.ts', "export { create } from './run/run.ts'\n")).toEqual([])
    expect(found('run/a.ts', "import { b } from './b.test.ts'\n")).toEqual([
      'run/a.ts imports the test run/b.test.ts',
    ])
    expect(found('run/a.ts', "import { b } from '../../test/support/engine.ts'\n")).toEqual([
      'run/a.ts imports test/support/engine.ts, outside src/',
    ])
    expect(found('run/a.ts', "import { b } from '../testing/virtual-clock.ts'\n")).toEqual([
      'run/a.ts imports testing/virtual-clock.ts, and is not right of it',
    ])
    expect(found('helper/a.ts', '')[0]).toMatch(/^helper\/a.ts is in no layer/)
  })

  test('files and processes in a pure folder', () => {
    const text = "import { readFile } from 'node:fs/promises'\n"
    expect(found('plan/a.ts', text)).toEqual([
      'plan/a.ts imports node:fs/promises, and plan is pure',
    ])
    expect(found('store/a.ts', text)).toEqual([])
  })

  test('words in comments and texts are no imports', () => {
    expect(importsOf("// import '../cli/a.ts'\n/*\nimport 'b'\n*/\nimport 'c'\n")).toEqual(['c'])
  })

  test('clocks, chance and identity', () => {
    for (const use of [
      'Date.now()',
      'Math.random()',
      'performance.now()',
      'crypto.randomUUID()',
      'new Date()',
    ]) {
      expect(found('store/a.ts', `const a = ${use}\n`), use).toHaveLength(1)
      expect(found('util/a.ts', `const a = ${use}\n`), use).toEqual([])
      expect(found('store/a.ts', `// ${use}\nconst a = '${use}'\n`), use).toEqual([])
    }
    expect(found('store/a.ts', 'const a = new Date(milliseconds)\n')).toEqual([])
  })

  test('the type any', () => {
    for (const code of [
      'let a: any',
      'const a = b as any',
      'const a = new Map<string, any>()',
      'let a: string | any[]',
      'function a<T extends any>() {}',
      'type A = any',
    ]) {
      expect(found('run/a.ts', `${code}\n`), code).toHaveLength(1)
    }
    for (const code of ['let company: string', '// any', "const a: 'any' = b", 'one.any(two)']) {
      expect(found('run/a.ts', `${code}\n`), code).toEqual([])
    }
  })

  test('unfinished work and names without a subject', () => {
    expect(found('run/a.ts', '// TODO: later\n')).toEqual(['run/a.ts says TODO'])
    expect(found('run/types.ts', '')).toEqual(['run/types.ts: types names no subject'])
    expect(found('run/runHelper.ts', '')).toEqual(['run/runHelper.ts: runHelper is not kebab-case'])
  })

  test('names that stand twice', () => {
    const paths = ['plan/group.ts', 'scheduler/group.ts', 'seeds/group.worker.ts', 'plan/define.ts']
    expect(repeatedNames([...paths, 'seeds/define.ts', 'run/group.test.ts'])).toEqual([
      'plan/group.ts and scheduler/group.ts',
    ])
  })

  test('circles', () => {
    const files = [
      { path: 'run/a.ts', text: "import { b } from './b.ts'\n" },
      { path: 'run/b.ts', text: "import type { C } from './c.ts'\n" },
      { path: 'run/c.ts', text: "import { a } from './a.ts'\n" },
    ]
    expect(findCycle(files)).toEqual(['run/a.ts', 'run/b.ts', 'run/c.ts', 'run/a.ts'])
    expect(findCycle(files.slice(0, 2))).toBeNull()
  })

  test('paths of a machine', () => {
    const slash = '/'
    for (const path of ['work', 'root', 'home/ada', 'Users/ada'].map((name) => slash + name)) {
      expect(machinePaths(`read '${path}/a.txt'`), path).toEqual([path])
    }
    expect(machinePaths(`${slash}tmp/a, ./tasks/a, a/root/b, $HOME/tasks`)).toEqual([])
  })
})
