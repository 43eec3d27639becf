import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findPackage, foldersAbove, type FoundPackage, moduleOf } from '../threads/find-package.ts'
import { messageOf } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { isPlugin, pluginFinding } from './check-plugin.ts'
import type { Plugin } from './plugin.ts'

/** A plugin as it was named: a package, or a path that begins with a dot or is absolute. */
export interface PluginReference {
  readonly written: string
  /** Where paths start and packages are looked for; the working directory comes second for packages. */
  readonly folder: string
}

/** Something about a plugin that the user must fix. */
export class PluginFault extends Error {
  /** Kebab-case and stable: it becomes the code of a problem. */
  readonly code: string
  readonly suggestion: string

  constructor(
    code: string,
    message: string,
    { suggestion, cause }: { suggestion: string; cause?: unknown },
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'PluginFault'
    this.code = code
    this.suggestion = suggestion
  }
}

/** Imports the module of a plugin and takes its default export; throws a `PluginFault`. */
export async function loadPlugin(reference: PluginReference): Promise<Plugin> {
  const { written } = reference
  const path = await findModule(reference)
  let found: Readonly<Record<string, unknown>>
  try {
    found = await import(pathToFileURL(path).href)
  } catch (error) {
    throw new PluginFault(
      'plugin-broken',
      `The plugin '${written}' can't be loaded: ${messageOf(error)}`,
      { cause: error, suggestion: `Run node ${path} to see where it fails.` },
    )
  }
  const { default: plugin } = found
  if (isPlugin(plugin)) return plugin
  if (plugin === undefined) {
    const names = Object.keys(found)
    throw new PluginFault(
      'plugin-without-default',
      `The plugin '${written}' has no default export${names.length === 0 ? ' and exports nothing else' : `, only ${names.join(', ')}`}`,
      { suggestion: 'Its module must contain: export default definePlugin({ … }).' },
    )
  }
  const finding = pluginFinding(plugin)
  throw new PluginFault(
    'plugin-invalid',
    `The export of '${written}' can't be used: ${finding?.message ?? 'it is not a plugin'}`,
    { suggestion: finding?.suggestion ?? '' },
  )
}

/** Whether a name is a path; anything else is a package. */
function isPath(written: string): boolean {
  return /^\.{1,2}(?:[/\\]|$)/.test(written) || isAbsolute(written)
}

async function findModule({ written, folder }: PluginReference): Promise<string> {
  if (isPath(written)) return findPath(resolve(folder, written), written)
  const folders = [...new Set([folder, process.cwd()])]
  const found = await findPackage(written, folders)
  if (!('missing' in found)) return pathOf(found, written)
  throw new PluginFault(
    'plugin-missing',
    `There is no package '${found.missing}' in or above ${folders.join(' or ')}`,
    { suggestion: await suggestPackage(found.missing, folders) },
  )
}

function pathOf(found: Exclude<FoundPackage, { missing: string }>, written: string): string {
  if ('path' in found) return found.path
  if ('unreadable' in found) {
    throw new PluginFault(
      'plugin-broken',
      `The plugin '${written}' can't be loaded: ${found.unreadable} is not JSON`,
      { suggestion: 'Install the package again.' },
    )
  }
  const { unexported: inner } = found
  throw new PluginFault(
    'plugin-broken',
    `The package of the plugin '${written}' exports no ${inner === '.' ? 'module' : `'${inner}'`}`,
    { suggestion: "Its package.json needs an entry in 'exports'." },
  )
}

async function findPath(path: string, written: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory()) return pathOf(await moduleOf(path), written)
  if (found !== null) return path
  const names = await readdir(dirname(path)).catch(() => [])
  const near =
    names.find((name) => name.startsWith(`${basename(path)}.`)) ?? nearest(basename(path), names)
  throw new PluginFault('plugin-missing', `There is no plugin ${path}`, {
    suggestion:
      near === undefined
        ? 'A path starts at the folder of the config; a package is named without ./.'
        : `Did you mean '${written.slice(0, written.length - basename(written).length)}${near}'?`,
  })
}

/** A file of that name, or a package that is installed and called nearly so. */
async function suggestPackage(name: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const files = await readdir(folder).catch(() => [])
    const file = files.find((other) => other === name || other.startsWith(`${name}.`))
    if (file !== undefined) return `Did you mean the path './${file}'?`
  }
  const installed = await Promise.all(
    folders.flatMap(foldersAbove).map((above) => packagesIn(join(above, 'node_modules'))),
  )
  const near = nearest(name, installed.flat())
  if (near !== undefined) return `Did you mean '${near}'?`
  return `Did you install it? npm install ${name}`
}

async function packagesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  const scoped = await Promise.all(
    names
      .filter((name) => name.startsWith('@'))
      .map(async (scope) => {
        const inner = await readdir(join(folder, scope)).catch(() => [])
        return inner.map((name) => `${scope}/${name}`)
      }),
  )
  return [...names, ...scoped.flat()]
}
