import type { Problem } from '../config/problem.ts'
import { capitalized } from '../config/problems.ts'
import type { RememberedPlugin, StoredPlugin } from '../store/run-settings.ts'
import { isRowsmithError, RowsmithError } from '../util/errors.ts'
import { builtIn } from './built-in.ts'
import { pluginFinding } from './check-plugin.ts'
import { loadPlugin, PluginFault, type PluginReference } from './load-plugin.ts'
import type { Plugin } from './plugin.ts'
import { createRegistry, type Registry } from './kind-registry.ts'

/** A plugin, or what a config would call it; paths start at the working directory. */
export type GivenPlugin = Plugin | string

export interface PluginSources {
  /** In addition to the config: by a program, or on a command line. */
  given?: readonly GivenPlugin[] | undefined
  /** Named by the config, whose folder is null when it is not from a file. */
  config?: { readonly names: readonly string[]; readonly directory: string | null } | undefined
  /** What a run folder was made with; those that are there already are not loaded again. */
  stored?: readonly RememberedPlugin[] | undefined
}

export interface Gathered {
  registry: Registry
  /** What a run folder has to remember. */
  used: readonly StoredPlugin[]
  /** Of the config's own; the registry has what could be loaded. */
  problems: readonly Problem[]
}

interface Found {
  readonly plugin: Plugin
  readonly reference: PluginReference | null
}

/** Loads every plugin that is named and puts all kinds together. */
export async function gatherPlugins({
  given = [],
  config = { names: [], directory: null },
  stored = [],
}: PluginSources): Promise<Gathered> {
  const found: Found[] = []
  const problems: Problem[] = []
  const workingDirectory = process.cwd()
  for (const each of given) {
    add(found, typeof each === 'string' ? await loadGiven(each) : checked(each))
  }
  for (const [index, written] of config.names.entries()) {
    const reference = { written, folder: config.directory ?? workingDirectory }
    const path = ['plugins', index]
    try {
      const next = { plugin: await loadPlugin(reference), reference }
      const conflict = conflictWith(found, next)
      if (conflict === null) add(found, next)
      else problems.push({ ...conflict, level: 'error', code: 'plugin-conflict', path })
    } catch (error) {
      if (!(error instanceof PluginFault)) throw error
      const { code, message, suggestion } = error
      problems.push({ level: 'error', code, path, message, suggestion })
    }
  }
  for (const each of stored) {
    if (!found.some(({ plugin }) => plugin.name === each.name)) add(found, await loadStored(each))
  }
  return {
    registry: createRegistry([builtIn, ...found.map(({ plugin }) => plugin)]),
    used: found.map(({ plugin: { name, version = null }, reference }) => ({
      name,
      version,
      reference,
    })),
    problems,
  }
}

/** A plugin that is named twice, as by the config and by the command line, is one. */
function add(found: Found[], next: Found): void {
  if (!found.some(({ plugin }) => plugin === next.plugin)) found.push(next)
}

/** Why a plugin can't be used next to the others; null where it can. */
function conflictWith(
  found: readonly Found[],
  next: Found,
): Pick<Problem, 'message' | 'suggestion'> | null {
  const plugins = found.map(({ plugin }) => plugin)
  if (plugins.includes(next.plugin)) return null
  try {
    createRegistry([builtIn, ...plugins, next.plugin])
    return null
  } catch (error) {
    if (!isRowsmithError(error) || error.code !== 'usage') throw error
    return { message: capitalized(error.message), suggestion: error.hints.join(' ') }
  }
}

function checked(plugin: Plugin): Found {
  const finding = pluginFinding(plugin)
  if (finding === null) return { plugin, reference: null }
  throw new RowsmithError('usage', `a plugin that was given can't be used: ${finding.message}`, {
    hints: [finding.suggestion],
  })
}

async function loadGiven(written: string): Promise<Found> {
  const reference = { written, folder: process.cwd() }
  try {
    return { plugin: await loadPlugin(reference), reference }
  } catch (error) {
    if (!(error instanceof PluginFault)) throw error
    throw new RowsmithError('usage', error.message, { cause: error, hints: [error.suggestion] })
  }
}

async function loadStored({ name, reference }: RememberedPlugin): Promise<Found> {
  const wayOut = "Give it with --plugin <package or path>, or as 'plugins' in a program."
  if (reference === null) {
    throw new RowsmithError(
      'plugin-missing',
      `the run was made with the plugin '${name}', which a program brought`,
      { hints: [wayOut] },
    )
  }
  const faults: PluginFault[] = []
  for (const folder of reference.folders) {
    const from = { written: reference.written, folder }
    try {
      const plugin = await loadPlugin(from)
      // Elsewhere a path may lead to another one's module.
      if (plugin.name === name) return { plugin, reference: from }
      const message = `${reference.written} in ${folder} is the plugin '${plugin.name}'`
      faults.push(new PluginFault('plugin-missing', message, { suggestion: wayOut }))
    } catch (error) {
      if (!(error instanceof PluginFault)) throw error
      faults.push(error)
    }
  }
  // Where it was last looked for is where it was.
  const cause = faults.find(({ code }) => code !== 'plugin-missing') ?? faults.at(-1)
  throw new RowsmithError(
    'plugin-missing',
    `the run was made with the plugin '${name}', which is not where it was: ${cause?.message}`,
    { cause, hints: [...new Set([wayOut, cause?.suggestion ?? wayOut])] },
  )
}
