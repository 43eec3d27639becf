import { isUtf8 } from 'node:buffer'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import type { CustomColumn, CustomFunction } from '../columns/define-custom.ts'
import { givenPrefix } from '../columns/load-custom.ts'
import { isCustom } from '../columns/read-custom.ts'
import type { McpProvider, ModelConfig, ModelProvider, ToolConfig } from '../config/dataset.ts'
import { loadDataset, type LoadedDataset } from '../config/load.ts'
import { loadModels, loadProviders } from '../config/model-lists.ts'
import type { Problem } from '../config/problem.ts'
import { withPositions } from '../config/problems.ts'
import {
  defaultRunConfig,
  loadRunConfig,
  parseRunConfig,
  type RunConfig,
} from '../config/run-config.ts'
import { loadMcpProviders, loadToolConfigs } from '../config/tool-lists.ts'
import { writtenAsJson } from './standard-schema.ts'
import { failedWith } from '../threads/system-error.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'

/** A config as users write it. */
export interface WrittenConfig {
  columns: readonly object[]
  [field: string]: unknown
}

/**
 * A dataset config: the path of a file, its text, or the object itself. `name` names the run's
 * folder, `dataset` by default.
 */
export type ConfigInput =
  | string
  | { text: string; name?: string }
  | { config: object; name?: string }
  | WrittenConfig

export interface ConfigSource {
  /** Names the run folder. */
  name: string
  text: string
  /** What problems are reported against. */
  file: string
  /** Folder of the file; null for a config without one. */
  directory: string | null
  /** Functions and records that a program gave, by what stands for them in the text. */
  functions: ReadonlyMap<string, unknown>
}

const endings = ['.yaml', '.yml', '.json']

/** The text of a config, from wherever it is. */
export async function readConfig(input: ConfigInput): Promise<ConfigSource> {
  if (typeof input !== 'string') {
    return { name: nameOfInput(input), ...textOf(input), file: '(config)', directory: null }
  }
  const ending = extname(input).toLowerCase()
  if (!endings.includes(ending)) {
    const near = await similarFile(input, endings)
    throw new RowsmithError(
      'usage',
      `expected a config file ending in ${endings.join(', ')}, got ${input}`,
      { hints: near === undefined ? [] : [`Did you mean ${near}?`] },
    )
  }
  const text = await readText(input, 'config file')
  return {
    name: basename(input, extname(input)),
    text,
    file: input,
    directory: dirname(resolve(input)),
    functions: new Map(),
  }
}

/** The names of a file's columns; null where it is no config that could be meant. */
export async function holdsColumns(file: string): Promise<string[] | null> {
  if (!endings.includes(extname(file).toLowerCase())) return null
  const columns = loadDataset(await readText(file, 'file'), { file }).draft?.columns ?? []
  return columns.length === 0 ? null : columns.map(({ name }) => name)
}

/** What the run folder of a config is called after. */
export function nameOfInput(input: ConfigInput): string {
  if (typeof input === 'string') return basename(input, extname(input))
  return isWritten(input) ? 'dataset' : (input.name ?? 'dataset')
}

type NamedInput = Exclude<ConfigInput, string | WrittenConfig>

function isWritten(input: Exclude<ConfigInput, string>): input is WrittenConfig {
  return 'columns' in input || 'data_designer' in input
}

function textOf(input: Exclude<ConfigInput, string>): Pick<ConfigSource, 'text' | 'functions'> {
  if (isWritten(input)) return textOfObject(input)
  if ('text' in input && typeof input.text === 'string') {
    return { text: input.text, functions: new Map() }
  }
  if ('config' in input && typeof input.config === 'object') return textOfObject(input.config)
  // Programs without types hand in anything.
  const fields = Object.keys(input satisfies NamedInput)
  throw new RowsmithError(
    'usage',
    `expected config to be a path, { text } or an object with columns, got an object with ${fields.join(', ') || 'nothing'}`,
    { hints: ['Give the path of a config file, or the config as an object: { columns: [...] }.'] },
  )
}

function textOfObject(config: object): Pick<ConfigSource, 'text' | 'functions'> {
  const functions = new Map<string, unknown>()
  // An ordinary function: what holds a value is `this`.
  const text = JSON.stringify(config, function write(this: unknown, key, value: unknown) {
    if (key === 'records' && isOfProgram(this)) {
      return wordFor(value, givenRecords, functions)
    }
    return holdsFunction.has(key) && isCustom(value)
      ? standInFor(value, functions)
      : writtenAsJson(this, key, value)
  })
  return { text, functions }
}

/** Fields that name a function; a program gives the function itself. */
const holdsFunction: ReadonlySet<string> = new Set(['generator', 'validation_function'])

/** The word for records that a program gives; further ones, of a join, have a number behind it. */
const givenRecords = 'records:given'

/** Whether an object is the source of a seed of records. */
function isOfProgram(source: unknown): boolean {
  return (
    typeof source === 'object' &&
    source !== null &&
    'seed_type' in source &&
    source.seed_type === 'records'
  )
}

/** A word for a function that is not text, the same whenever the same program gives it. */
function standInFor(value: CustomFunction | CustomColumn, functions: Map<string, unknown>): string {
  const { name } = typeof value === 'function' ? value : value.generate
  return wordFor(value, `${givenPrefix}${name}`, functions)
}

function wordFor(value: unknown, base: string, functions: Map<string, unknown>): string {
  for (let number = 1; ; number += 1) {
    const word = `${base}${number === 1 ? '' : `#${number}`}`
    if ((functions.get(word) ?? value) !== value) continue
    functions.set(word, value)
    return word
  }
}

/** Reads a file the user named; says what is there instead when it is missing. */
export async function readText(path: string, what: string): Promise<string> {
  return textOfBytes(await readBytes(path, what), path, what)
}

function textOfBytes(bytes: Buffer, path: string, what: string): string {
  const encoding = otherEncoding(bytes)
  if (encoding === null && isUtf8(bytes)) return bytes.toString('utf8')
  const is = encoding === null ? 'is not UTF-8' : `is ${encoding}, expected UTF-8`
  const from = encoding ?? 'WINDOWS-1252'
  throw new RowsmithError('usage', `the ${what} ${path} ${is}`, {
    hints: [
      `Save it as UTF-8, or convert it: iconv -f ${from} -t UTF-8. ` +
        (encoding === null ? '' : 'In PowerShell, write files with Set-Content -Encoding utf8.'),
    ].map((hint) => hint.trim()),
  })
}

/** By the mark at the beginning, or the zeros in addition to ASCII characters where there is none. */
function otherEncoding(bytes: Buffer): 'UTF-16' | 'UTF-16LE' | 'UTF-16BE' | 'UTF-32' | null {
  const [a, b, c, d] = bytes
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe)) {
    return 'UTF-32'
  }
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'UTF-16'
  if (bytes.length < 4 || bytes.length % 2 !== 0) return null
  if (a !== 0 && b === 0 && c !== 0 && d === 0) return 'UTF-16LE'
  return a === 0 && b !== 0 && c === 0 && d !== 0 ? 'UTF-16BE' : null
}

async function readBytes(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const options = { cause: error }
    if (failedWith(error, 'EISDIR')) {
      throw new RowsmithError('usage', `expected a ${what}, and ${path} is a folder`, options)
    }
    if (!failedWith(error, 'ENOENT')) {
      const message = `the ${what} ${path} can't be read: ${messageOf(error)}`
      throw new RowsmithError('usage', message, options)
    }
    const near = await similarFile(path)
    throw new RowsmithError('usage', `there is no ${what} ${path}`, {
      ...options,
      hints: near === undefined ? [] : [`Did you mean ${near}?`],
    })
  }
}

/** The name in addition to a path that was most likely meant; one that only lacks an ending is. */
async function similarFile(
  path: string,
  missingEndings: readonly string[] = [],
): Promise<string | undefined> {
  const name = basename(path)
  const names = await readdir(dirname(resolve(path))).catch(() => [])
  const others = names.filter((candidate) => candidate !== name)
  const found =
    others.find((candidate) => missingEndings.some((ending) => candidate === name + ending)) ??
    nearest(name, others)
  return found === undefined ? undefined : join(dirname(path), found)
}

/** The dataset of a source, as it is written. */
export function readDataset(source: ConfigSource): LoadedDataset {
  return loadDataset(source.text, { file: source.file })
}

/** The providers of a file that was named, which stand behind those of the config. */
export async function readProviderFile(file: string | undefined): Promise<{
  providers: readonly ModelProvider[]
  /** Names of those that are wrong; null for one whose name can't be read. */
  broken: readonly (string | null)[]
  problems: readonly Problem[]
  /** Puts what is found wrong with one of them later to its place in the file. */
  place: (problem: Problem, name: string | undefined) => Problem
}> {
  if (file === undefined) {
    return { providers: [], broken: [], problems: [], place: (problem) => problem }
  }
  const loaded = loadProviders(await readText(file, 'provider file'), { file })
  const providers = loaded.providers ?? []
  return {
    ...loaded,
    providers,
    place(problem, name) {
      const index = providers.findIndex((provider) => provider.name === name)
      if (index < 0) return problem
      const path = ['providers', index, ...problem.path.slice(2)]
      const [placed = problem] = withPositions([{ ...problem, path }], file, loaded.locate)
      return placed
    },
  }
}

/** The MCP providers of a file that was named, which stand behind those of the config. */
export async function readMcpFile(file: string | undefined): Promise<{
  providers: readonly McpProvider[]
  /** Names of those that are wrong; null for one whose name can't be read. */
  broken: readonly (string | null)[]
  problems: readonly Problem[]
}> {
  if (file === undefined) return { providers: [], broken: [], problems: [] }
  const loaded = loadMcpProviders(await readText(file, 'file of MCP providers'), { file })
  return { ...loaded, providers: loaded.providers ?? [] }
}

/** The tool configs of a file that was named, which stand behind those of the config. */
export async function readToolFile(file: string | undefined): Promise<{
  configs: readonly ToolConfig[]
  /** There is a file, and its entries are not known. */
  unread: boolean
  problems: readonly Problem[]
}> {
  if (file === undefined) return { configs: [], unread: false, problems: [] }
  const { configs, problems } = loadToolConfigs(await readText(file, 'file of tool configs'), {
    file,
  })
  return { configs: configs ?? [], unread: configs === null, problems }
}

/** The models of a file that was named, which stand behind those of the config. */
export async function readModelFile(file: string | undefined): Promise<{
  models: readonly ModelConfig[]
  /** There is a file, and its entries are not known. */
  unread: boolean
  problems: readonly Problem[]
}> {
  if (file === undefined) return { models: [], unread: false, problems: [] }
  const { models, problems } = loadModels(await readText(file, 'file of model configs'), { file })
  return { models: models ?? [], unread: models === null, problems }
}

/** How the run is driven: a file, an object, or the defaults. */
export async function readRunConfig(
  input: string | object | undefined,
): Promise<{ runConfig: RunConfig | null; problems: readonly Problem[] }> {
  if (input === undefined) return { runConfig: defaultRunConfig, problems: [] }
  const { config, problems } =
    typeof input === 'string'
      ? loadRunConfig(await readText(input, 'run config'), { file: input })
      : parseRunConfig(input)
  return { runConfig: config, problems }
}
