import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listKinds } from '../check/list-kinds.ts'
import { packageVersion } from '../threads/package-version.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { starters } from './init-models.ts'
import { templates } from './init-templates.ts'

// The same place from the source and from the published files.
const root = fileURLToPath(new URL('../../', import.meta.url))

export async function runAgentContext(): Promise<ExitCode> {
  process.stdout.write(await agentContext())
  return exitCodes.ok
}

/** What a coding agent needs to write a config for this version, as compact text. */
export async function agentContext(): Promise<string> {
  const { kinds } = await listKinds()
  const families = Map.groupBy(kinds, ({ family }) => family)
  const lines = [
    `rowsmith ${packageVersion()}: a config (YAML or JSON) declares columns; a run makes the rows.`,
    '',
    'Commands, in the order of the work:',
    ...commands.map(([command, what]) => `  ${command}  # ${what}`),
    '',
    'Rules:',
    ...rules.map((rule) => `  - ${rule}`),
    '',
    'A config:',
    ...example.split('\n').map((line) => `  ${line}`),
    '',
    'Kinds (name: description):',
    ...[...families].flatMap(([family, members]) => [
      `  ${family}`,
      ...members.map(({ kind, description }) => `    ${kind}: ${description}`),
    ]),
    '',
    'Every field of every kind, each with an example, in files of this installation:',
    ...pagesIn('docs/reference').map((path) => `  ${path}`),
    `  ${join(root, 'docs/config.md')}  # the guide`,
    '',
    'Configs that run, to start from (rowsmith init DIR --template NAME copies one):',
    ...Object.entries(templates).map(
      ([name, what]) => `  ${join(root, 'templates', name, `${name}.yaml`)}  # ${what}`,
    ),
    '',
    `Keys that are set: ${keysSet().join(', ') || 'none; use provider_type stand-in, or ask the user for a model'}`,
  ]
  return `${lines.join('\n')}\n`
}

const commands = [
  ['rowsmith validate CONFIG --json', 'all problems at once, with line, column and advice'],
  ['rowsmith models check CONFIG --json', 'does every model answer'],
  ['rowsmith render CONFIG -c COLUMN', 'the text of a prompt, without a request'],
  ['rowsmith preview CONFIG -n 3 --json', 'records as a JSON array; keeps nothing'],
  [
    'rowsmith create CONFIG -n ROWS --dry-run --json',
    'a forecast of requests, tokens, dollars and time',
  ],
  ['rowsmith create CONFIG -n ROWS --json', 'the dataset; the same command continues after a stop'],
  ['rowsmith report DIR --json', 'statistics of every column'],
  ['rowsmith export DIR --to FILE.jsonl', 'JSON Lines, CSV or Parquet'],
] as const

const rules = [
  'Columns may have any order; {{ name }} in a template reads another column, {{ a.b }} a field of one.',
  'api_key is the NAME of an environment variable. Never write a key into a file.',
  'Put templates into quotes or below |. Quote yes, no, on and off where they are texts.',
  'Draw what should vary with samplers, and let prompts read them: a model repeats itself.',
  'create sends requests to paid models: tell the user the number of rows, the model and the forecast, and wait for their agreement.',
  'Without a key, provider_type stand-in invents answers. mode: batch on a model halves the price and takes up to a day. pool spreads requests over several endpoints.',
  'seed_config starts rows from files; its join adds columns of other files by a key.',
]

const example = `model_configs:
  - { alias: writer, provider: openai, model: gpt-4.1-mini }
columns:
  - name: product
    column_type: sampler
    sampler_type: category
    params: { values: [kettle, desk lamp] }
  - name: review
    column_type: llm-structured
    model_alias: writer
    prompt: "Review a {{ product }}."
    output_format:
      type: object
      properties: { stars: { type: integer }, text: { type: string } }
      required: [stars, text]
processors:
  - { name: good, processor_type: filter, when: "{{ review.stars > 2 }}" }`

function pagesIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .toSorted()
    .map((name) => `${join(root, folder, name)}  # ${basename(name, '.md')}`)
}

function keysSet(): string[] {
  return Object.values(starters).flatMap(({ key }) =>
    key !== null && (process.env[key] ?? '') !== '' ? [key] : [],
  )
}
