import type { RunCommand } from '../store/command-file.ts'
import { visible } from '../util/visible.ts'
import type { FileOptions } from './command-options.ts'

/** Options of `create`, as they were typed. */
export interface CreateOptions extends FileOptions {
  rows?: number
  seed?: bigint
  out?: string
  fresh?: true
  shrink?: true
  edit?: true
  keep?: readonly string[]
  retryFailed?: true
  retryDropped?: true
  column?: string
  code?: string
  repair?: true
  maxCost?: number
  events?: string
  /** True without a folder. */
  cache?: true | string
  replay?: true
  cancelBatches?: true
  dryRun?: true
  json?: true
}

/** The words of `create` that continue with a run as it was asked for. */
export function createWords(config: string, options: CreateOptions, directory: string): string[] {
  const {
    rows,
    seed,
    out,
    fresh,
    maxCost,
    events,
    runConfig,
    providers,
    mcpProviders,
    toolConfigs,
    modelConfigs,
    plugin = [],
    cache,
    replay,
  } = options
  return [
    'create',
    config,
    ...(rows === undefined ? [] : ['-n', String(rows)]),
    ...(seed === undefined ? [] : ['--seed', String(seed)]),
    // A fresh run has a separate folder, and is not to be begun again.
    ...(out === undefined && fresh === undefined ? [] : ['--out', directory]),
    ...(maxCost === undefined ? [] : ['--max-cost', String(maxCost)]),
    ...(events === undefined ? [] : ['--events', events]),
    ...(runConfig === undefined ? [] : ['--run-config', runConfig]),
    ...(providers === undefined ? [] : ['--providers', providers]),
    ...(mcpProviders === undefined ? [] : ['--mcp-providers', mcpProviders]),
    ...(toolConfigs === undefined ? [] : ['--tool-configs', toolConfigs]),
    ...(modelConfigs === undefined ? [] : ['--model-configs', modelConfigs]),
    ...plugin.flatMap((name) => ['--plugin', name]),
    ...(cache === undefined ? [] : cache === true ? ['--cache'] : ['--cache', cache]),
    ...(replay === undefined ? [] : ['--replay']),
  ]
}

/** A command as it can be typed where the user is now. */
export function commandText(
  words: readonly string[],
  { directory }: { directory?: string } = {},
): string {
  const there = directory === undefined || directory === process.cwd()
  const change = there ? '' : `cd ${shellWord(directory)} && `
  return `${change}${[programName(), ...words.map(shellWord)].join(' ')}`
}

/** A stored command with further words. */
export function storedText({ directory, words }: RunCommand, more: readonly string[] = []): string {
  return commandText([...words, ...more], { directory })
}

/** How this program was called: npm tells its scripts, and in this repository it is one. */
function programName(environment: NodeJS.ProcessEnv = process.env): string {
  const script = environment['npm_lifecycle_event']
  return script === 'rowsmith' || script === 'quickstart' ? 'npm run -s rowsmith --' : 'rowsmith'
}

/** Quoted where a POSIX shell would read it otherwise; what steers a terminal is spelled out. */
function shellWord(word: string): string {
  if (visible(word) !== word || word.includes('\n')) {
    return `$'${Array.from(word, spelled).join('')}'`
  }
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

const shortSpellings: Readonly<Record<string, string>> = {
  '\u001B': String.raw`\e`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\\': String.raw`\\`,
  "'": String.raw`\'`,
}

/** A character inside of `$'…'`. Bytes, as the bash of macOS knows no `\u`; octal ones end by themselves. */
function spelled(character: string): string {
  const short = shortSpellings[character]
  if (short !== undefined) return short
  if (visible(character) === character) return character
  return [...Buffer.from(character)]
    .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    .join('')
}
