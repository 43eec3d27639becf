import { type Command, InvalidArgumentError } from 'commander'
import type { RunOptions } from '../run/run.ts'
import type { ExitCode } from './exit-codes.ts'

/** Sets the exit code of the program. */
export type SetCode = (code: ExitCode) => void

/** Of every command that needs kinds. */
export function withPlugins(command: Command): Command {
  return command.option(
    '--plugin <name>',
    'plugin with further kinds: a package, or a path such as ./plugin.js (repeatable)',
    repeated,
  )
}

export function withConfigOptions(command: Command): Command {
  return withPlugins(command)
    .argument('<config>', 'config file (.yaml, .yml, .json)')
    .option('--providers <file>', 'model providers (YAML with a list `providers`)')
    .option('--mcp-providers <file>', mcpFile)
    .option('--tool-configs <file>', toolFile)
    .option('--model-configs <file>', modelFile)
}

export const mcpFile = 'tool servers (YAML with a list `providers`)'
export const toolFile = 'tools of columns (YAML with a list `tool_configs`)'
export const modelFile = 'models by alias (YAML with a list `model_configs`)'
export const cacheOption =
  'keep answers of models for other runs, and reuse them (default folder: .rowsmith-cache)'
export const replayOption = 'take every answer from the cache; a missing one ends the run'

/** The files in addition to a config, as options of commands name them. */
export interface FileOptions {
  runConfig?: string
  providers?: string
  mcpProviders?: string
  toolConfigs?: string
  modelConfigs?: string
  plugin?: readonly string[]
}

/** The same, as the library names them. */
export function besideConfig({
  runConfig,
  providers: providersFile,
  mcpProviders: mcpProvidersFile,
  toolConfigs: toolConfigsFile,
  modelConfigs: modelConfigsFile,
  plugin: plugins,
}: FileOptions): Pick<
  RunOptions,
  | 'runConfig'
  | 'providersFile'
  | 'mcpProvidersFile'
  | 'toolConfigsFile'
  | 'modelConfigsFile'
  | 'plugins'
> {
  return {
    ...(runConfig === undefined ? {} : { runConfig }),
    ...(providersFile === undefined ? {} : { providersFile }),
    ...(mcpProvidersFile === undefined ? {} : { mcpProvidersFile }),
    ...(toolConfigsFile === undefined ? {} : { toolConfigsFile }),
    ...(modelConfigsFile === undefined ? {} : { modelConfigsFile }),
    ...(plugins === undefined ? {} : { plugins }),
  }
}

export function repeated(word: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), word]
}

export function dollarAmount(written: string): number {
  const amount = Number(written)
  if (written.trim() !== '' && Number.isFinite(amount) && amount > 0) return amount
  throw new InvalidArgumentError('Expected dollars above 0, such as 5 or 0.50.')
}

export function wholeNumber(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (/^\d+(_\d+)*$/.test(text) && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError(`expected a whole number from 0, got ${JSON.stringify(text)}.`)
}

export function runSeed(text: string): bigint {
  if (/^\d+$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text)
  throw new InvalidArgumentError(
    `expected a whole number from 0 to 2^64 - 1, got ${JSON.stringify(text)}.`,
  )
}
