import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { joinedColumns } from '../check/stored-passes.ts'
import { isMapping } from '../config/literal.ts'
import { loadDataset } from '../config/load.ts'
import { resolveDataset } from '../config/resolve-dataset.ts'
import { isMediaPath } from '../graph/media.ts'
import { createRedactor } from '../models/secrets.ts'
import type { Registry } from '../plugins/kind-registry.ts'
import { makeReport } from '../report/write-report.ts'
import { inspectStore, type StoreSummary } from '../store/inspect-store.ts'
import { besideFolder, datasetFolder, type DatasetFile } from '../store/ledger-dataset.ts'
import { storageError } from '../threads/storage-error.ts'
import { isMissing } from '../threads/system-error.ts'
import { packageVersion } from '../threads/package-version.ts'
import { RowsmithError } from '../util/errors.ts'
import { counted } from '../util/format.ts'
import { cardPart, type Provenance } from './card.ts'
import { frontMatter, type PushedDataset } from './card-front.ts'
import { configYaml } from './config-yaml.ts'

/** A file that goes to a repository. */
export interface LocalFile {
  /** In the repository, with `/` between names. */
  readonly path: string
  /** Where it is on this machine, or its text. */
  readonly source: { readonly path: string } | { readonly text: string }
  readonly bytes: number
  /** Where the run folder knows it. */
  readonly sha256: string | null
}

/** What a run folder has for a repository. */
export interface RunContent {
  /** The name of the config. */
  readonly title: string
  readonly files: readonly LocalFile[]
  /** Of the card: its front matter, and the part that a push writes. */
  readonly front: object
  readonly part: string
  /** What stands in for a secret, in texts of the repository. */
  readonly redact: (text: string) => string
}

export interface ContentOptions {
  repository: string
  registry: () => Promise<Registry>
  /** The ledger and the parts, too. */
  withRun: boolean
  environment: Readonly<Record<string, string | undefined>>
}

/** Collects what is pushed of a complete run; reads without a lock. */
export async function contentOf(
  directory: string,
  { repository, registry, withRun, environment }: ContentOptions,
): Promise<RunContent> {
  const store = await inspectStore(directory)
  refuseUnfinished(directory, store)
  const report = await makeReport(directory, { graph: registry })
  const provenance = provenanceOf(store)
  const datasets = datasetsOf(store)
  const redact = createRedactor(secretsIn(environment))
  const config = redact(configYaml(store.settings.config))
  const part = redact(
    cardPart({
      repository,
      provenance,
      report,
      datasets,
      config,
      templates: templatesIn(store.settings.config),
      withRun,
    }),
  )
  const facts = JSON.stringify({ ...provenance, usage: report.run.usage }, null, 2)
  return {
    title: provenance.name,
    redact,
    front: frontMatter(provenance.name, datasets),
    part,
    files: [
      ...store.dataset.map((file) => datasetFile(directory, file)),
      ...store.besides.flatMap(({ files }) => files.map((file) => datasetFile(directory, file))),
      ...(await filesBelow(directory, 'media')).filter(({ path }) => isMediaPath(path)),
      ...(withRun ? await runFiles(directory) : []),
      textFile('config.yaml', config),
      textFile('rowsmith.json', `${redact(facts)}\n`),
    ],
  }
}

function refuseUnfinished(directory: string, store: StoreSummary): void {
  const { holder, dataset, totals, settings } = store
  if (holder !== null) {
    throw new RowsmithError(
      'folder-locked',
      `process ${holder.pid} on ${holder.host} works on ${directory}`,
      { hints: ['Push when it has ended.'] },
    )
  }
  if (dataset.length > 0) return
  const decided = totals.accepted + totals.nullKept + totals.dropped + totals.rejected
  const remaining = settings.rows - decided
  throw new RowsmithError(
    'run-missing',
    remaining > 0
      ? `${counted(remaining, 'row')} of ${directory} remain, so it has no dataset yet`
      : `${directory} has a dataset that is older than its rows`,
    {
      hints: [
        'Continue the run; rowsmith show prints the command. To push only the finished rows, shrink the run first: create with a smaller -n and --shrink.',
      ],
    },
  )
}

function provenanceOf({ settings, sessions, usage }: StoreSummary): Provenance {
  const { config } = loadDataset(settings.config, { file: 'the stored config' })
  const hash = createHash('sha256').update(`${settings.seed} ${settings.rows}\n`)
  for (const { name, fingerprint } of settings.columns) hash.update(`${name} ${fingerprint}\n`)
  const ended = sessions.at(-1)?.ended ?? null
  const asked = new Set(usage.map(({ route }) => route))
  return {
    rowsmith: packageVersion(),
    name: settings.name,
    seed: String(settings.seed),
    made: ended === null ? null : new Date(ended).toISOString(),
    fingerprint: hash.digest('hex'),
    plugins: (settings.plugins ?? []).map(({ name, version }) => ({ name, version })),
    models:
      config === null
        ? []
        : resolveDataset(config)
            .models.filter(({ alias }) => asked.has(alias))
            .map(({ alias, model, provider }) => ({ alias, model, provider })),
  }
}

function datasetsOf(store: StoreSummary): PushedDataset[] {
  const sum = (files: readonly DatasetFile[], of: 'rows' | 'bytes'): number =>
    files.reduce((total, file) => total + file[of], 0)
  return [
    {
      name: 'default',
      folder: datasetFolder,
      columns: store.madeColumns ?? joinedColumns(store.settings),
      rows: sum(store.dataset, 'rows'),
      bytes: sum(store.dataset, 'bytes'),
    },
    ...store.besides.map(({ name, files, columns }) => ({
      name,
      folder: `${besideFolder}/${name}`,
      columns,
      rows: sum(files, 'rows'),
      bytes: sum(files, 'bytes'),
    })),
  ]
}

/** What models are asked with, column by column. */
function templatesIn(stored: string): { column: string; field: string; text: string }[] {
  const config: unknown = JSON.parse(stored)
  const columns = isMapping(config) ? config['columns'] : null
  if (!Array.isArray(columns)) return []
  return columns.filter(isMapping).flatMap((column) =>
    ['system_prompt', 'prompt'].flatMap((field) => {
      const { name } = column
      const text = column[field]
      return typeof name === 'string' && typeof text === 'string'
        ? [{ column: name, field, text }]
        : []
    }),
  )
}

const shortestSecret = 8

/** Values of variables that hold keys. A config names the variables; a value may stand in a text by mistake. */
function secretsIn(environment: ContentOptions['environment']): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) =>
    /key|token|secret|password|credential/i.test(name) && value.trim().length >= shortestSecret
      ? [value.trim()]
      : [],
  )
}

function datasetFile(directory: string, { path, bytes, sha256 }: DatasetFile): LocalFile {
  return { path: relative(directory, path).split(sep).join('/'), source: { path }, bytes, sha256 }
}

export function textFile(path: string, text: string): LocalFile {
  return { path, source: { text }, bytes: Buffer.byteLength(text), sha256: null }
}

/** Files of a run folder beside the dataset, the parts and the seed. */
export const runFileNames: readonly string[] = [
  'ledger.sqlite',
  'ledger.copy.sqlite',
  'ledger.sum.json',
  'config.json',
  'run.json',
  'report.html',
]

/** Beside the dataset, all that `show`, `report` and `export` read; nothing that belongs to this machine. */
async function runFiles(directory: string): Promise<LocalFile[]> {
  const single = await Promise.all(runFileNames.map((name) => oneFile(directory, name)))
  const log = await oneFile(directory, 'ledger.sqlite-wal')
  if (log !== null && log.bytes > 0) {
    throw new RowsmithError('run-missing', `the run ${directory} was not closed`, {
      hints: ['Continue it, or run "rowsmith export" on it: either closes it. Then push again.'],
    })
  }
  return [
    ...single.filter((file) => file !== null),
    ...(await filesBelow(directory, 'parts')),
    ...(await filesBelow(directory, 'seed')),
  ]
}

async function oneFile(directory: string, path: string): Promise<LocalFile | null> {
  try {
    const { size } = await stat(join(directory, path))
    return { path, source: { path: join(directory, path) }, bytes: size, sha256: null }
  } catch (error) {
    if (isMissing(error)) return null
    throw storageError(error, `reading ${join(directory, path)}`)
  }
}

async function filesBelow(directory: string, folder: string): Promise<LocalFile[]> {
  const at = join(directory, folder)
  try {
    const entries = await readdir(at, { recursive: true, withFileTypes: true })
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
      .map((path) => path.split(sep).join('/'))
    const files = []
    for (const path of paths.toSorted()) files.push(await oneFile(directory, path))
    return files.filter((file) => file !== null)
  } catch (error) {
    if (isMissing(error)) return []
    throw storageError(error, `reading ${at}`)
  }
}
