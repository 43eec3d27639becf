import type { DatasetReport } from '../report/write-report.ts'
import type { ColumnStatistics } from '../profile/statistics.ts'
import { valueText } from '../profile/value-text.ts'
import { compact, counted, dollars, figure, grouped, moment, percent } from '../util/format.ts'
import { cellText, codeBlock, codeText, table } from './card-texts.ts'
import type { PushedDataset } from './card-front.ts'

/** What a run was made by, as `rowsmith.json` of the repository has it, too. */
export interface Provenance {
  readonly rowsmith: string
  readonly name: string
  /** The run seed, as text: it may be larger than a number holds. */
  readonly seed: string
  /** When the last session ended; ISO 8601. */
  readonly made: string | null
  /** SHA-256 of the columns' fingerprints, the seed and the number of rows. */
  readonly fingerprint: string
  readonly plugins: readonly { readonly name: string; readonly version: string | null }[]
  readonly models: readonly {
    readonly alias: string
    readonly model: string
    readonly provider: string
  }[]
}

export interface CardInput {
  readonly repository: string
  readonly provenance: Provenance
  readonly report: DatasetReport
  readonly datasets: readonly PushedDataset[]
  /** The config as YAML. */
  readonly config: string
  /** Prompts and templates of columns. */
  readonly templates: readonly {
    readonly column: string
    readonly field: string
    readonly text: string
  }[]
  /** The repository has the run folder, too. */
  readonly withRun: boolean
}

/** The part of a dataset card that a push writes. */
export function cardPart(input: CardInput): string {
  const { provenance, report } = input
  return [
    `# ${cellText(provenance.name)}`,
    introduction(input),
    '## Use it',
    ...usage(input),
    '## Columns',
    columnTable(report.columns.filter(({ dropped }) => !dropped)),
    '## Provenance',
    provenanceTable(input),
    ...modelPart(input),
    ...templatePart(input),
    '## Cost',
    ...costPart(report),
    '## Config',
    recipe(input),
    `<details><summary>config.yaml</summary>\n\n${codeBlock(input.config, 'yaml')}\n\n</details>`,
  ].join('\n\n')
}

function recipe({ provenance: { seed, models }, report }: CardInput): string {
  const command = `rowsmith create config.yaml -n ${report.run.rows.requested} --seed ${seed}`
  if (models.length === 0) return `\`${command}\` makes the dataset again.`
  return `\`${command} --providers providers.yaml\` makes the dataset again if the models give the same answers. Addresses and keys of providers are not published.`
}

function introduction({ provenance, datasets, report }: CardInput): string {
  const [own, ...beside] = datasets
  const also =
    beside.length === 0
      ? ''
      : ` Beside them: ${beside.map(({ name, rows }) => `${codeText(name)} (${counted(rows, 'record')})`).join(', ')}.`
  const media = report.run.media.reduce((sum, { files }) => sum + files, 0)
  const files = media === 0 ? '' : ` The folder \`media/\` has ${counted(media, 'file')}.`
  return `${counted(own?.rows ?? 0, 'synthetic record')}, made with rowsmith ${provenance.rowsmith}.${also}${files}`
}

function usage({ repository, datasets, withRun }: CardInput): string[] {
  const names = datasets.slice(1).map(({ name }) => name)
  const load = [
    'from datasets import load_dataset',
    '',
    `rows = load_dataset(${JSON.stringify(repository)}, split="train")`,
    ...names.map(
      (name) =>
        `load_dataset(${JSON.stringify(repository)}, ${JSON.stringify(name)}, split="train")`,
    ),
  ]
  const seed = [
    'seed_config:',
    `  source: { seed_type: hf, path: "datasets/${repository}/data/*.parquet" }`,
  ]
  return [
    codeBlock(load.join('\n'), 'python'),
    'As the seed of another dataset:',
    codeBlock(seed.join('\n'), 'yaml'),
    ...(withRun
      ? [
          'The repository has the whole run folder:',
          codeBlock(`rowsmith pull ${repository} run\nrowsmith show run`, 'sh'),
        ]
      : []),
  ]
}

function columnTable(columns: readonly ColumnStatistics[]): string {
  return table(
    ['column', 'type', 'made by', 'null', 'different', 'values'],
    columns.map((column) => {
      const { name, type, kind, cells, nulls, distinct } = column
      return [
        codeText(name),
        type,
        kind === null ? '' : cellText(kind),
        cells === 0 || nulls.count === 0 ? '' : percent(nulls.count / cells),
        distinct === null ? '' : `${distinct.exact ? '' : '≈ '}${grouped(distinct.count)}`,
        cellText(valuesText(column)),
      ]
    }),
  )
}

const mostShares = 5
const mostLetters = 24

function valuesText(column: ColumnStatistics): string {
  const { top, times, numbers, lengths, vectors, cells, nulls } = column
  if (vectors !== null) {
    const { min, max } = vectors.sizes
    return `${min === max ? grouped(min) : `${grouped(min)} to ${grouped(max)}`} numbers each`
  }
  const few = top?.complete === true && top.values.length <= 2 * mostShares
  if (top !== null && few && top.values.some(({ count }) => count > 1)) {
    const shown = top.values.slice(0, mostShares).map(({ value, count }) => {
      const text = valueText(value)
      const short = text.length > mostLetters ? `${text.slice(0, mostLetters - 1)}…` : text
      return `${short} ${percent(count / (cells - nulls.count))}`
    })
    return [...shown, ...(top.values.length > mostShares ? ['…'] : [])].join(', ')
  }
  if (times !== null) {
    const span = times.max - times.min
    return `${moment(times.min, span)} to ${moment(times.max, span)}`
  }
  if (numbers !== null) {
    return `${figure(numbers.min)} to ${figure(numbers.max)}, mean ${figure(numbers.mean)}`
  }
  if (lengths === null) return ''
  return `${grouped(lengths.min)} to ${grouped(lengths.max)} characters, median ${grouped(lengths.quantiles.p50)}`
}

function provenanceTable({ provenance, report }: CardInput): string {
  const { requested, accepted, nullKept, dropped, rejected } = report.run.rows
  const lost = [
    ...(dropped > 0 ? [`${grouped(dropped)} dropped`] : []),
    ...(rejected > 0 ? [`${grouped(rejected)} rejected by filters`] : []),
    ...(nullKept > 0 ? [`${grouped(nullKept)} with a null in place of a failed cell`] : []),
  ]
  return table(
    ['', ''],
    [
      ['rowsmith', provenance.rowsmith],
      ...provenance.plugins.map(({ name, version }) => [
        `plugin ${cellText(name)}`,
        cellText(version ?? ''),
      ]),
      ['made', provenance.made ?? 'unknown'],
      ['run seed', provenance.seed],
      [
        'rows',
        `${grouped(requested)} made, ${grouped(accepted + nullKept)} accepted${lost.length === 0 ? '' : `; ${lost.join(', ')}`}`,
      ],
      ['fingerprint', codeText(provenance.fingerprint)],
    ],
  )
}

function modelPart({ provenance }: CardInput): string[] {
  if (provenance.models.length === 0) return []
  return [
    '### Models',
    table(
      ['alias', 'model', 'provider'],
      provenance.models.map(({ alias, model, provider }) => [
        codeText(alias),
        codeText(model),
        codeText(provider),
      ]),
    ),
  ]
}

function templatePart({ templates }: CardInput): string[] {
  if (templates.length === 0) return []
  return [
    '### Prompts',
    ...templates.flatMap(({ column, field, text }) => [
      `${codeText(column)}, ${codeText(field)}:`,
      codeBlock(text, 'text'),
    ]),
  ]
}

function costPart({ run }: DatasetReport): string[] {
  const { usage: all, requests, cached, usageByColumn } = run
  if (requests === 0 && cached === 0) return ['No model was asked.']
  const cost = all.cost === null ? 'no price is known' : dollars(all.cost)
  const answers = cached === 0 ? '' : `, ${grouped(cached)} answers from a cache`
  return [
    `${counted(requests, 'request')}${answers}; ${compact(all.inputTokens)} tokens in, ${compact(all.outputTokens)} out; ${cost}.`,
    ...(usageByColumn.length === 0
      ? []
      : [
          table(
            ['column', 'requests', 'tokens in', 'tokens out', 'cost'],
            usageByColumn.map((column) => [
              codeText(column.column),
              grouped(column.requests),
              compact(column.inputTokens),
              compact(column.outputTokens),
              column.cost === null ? '' : dollars(column.cost),
            ]),
          ),
        ]),
  ]
}
