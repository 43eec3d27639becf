import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Loaded, type LoadContext, LoadFault } from '../graph/kind.ts'
import { messageOf } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import type { CustomColumn, CustomFunction } from './define-custom.ts'
import { type CustomDefinition, isCustom, readCustom } from './read-custom.ts'
import { readSourceFiles, type SourceFiles } from './source-files.ts'
import { userFrame, type UserCode } from './user-frame.ts'

/** The function of a custom column. */
export interface LoadedCustom extends Loaded {
  readonly definition: CustomDefinition
  readonly code: UserCode
}

/** Loads `./columns.ts#name`, or takes a function that a program gave with its config. */
export async function loadCustom(
  generator: string,
  { directory, functions, signal }: LoadContext,
): Promise<LoadedCustom> {
  if (generator.startsWith(givenPrefix)) {
    const given = functions.get(generator)
    if (isCustom(given)) return givenCustom(given, generator, directory)
    throw new LoadFault(`a program passed its function, and it is not available here`, {
      field: 'generator',
      suggestion: 'Continue the run from that program, or move the function to a file.',
    })
  }
  const [, file = generator, name = 'default'] = /^(.*?)(?:#(.*))?$/s.exec(generator) ?? []
  const path = resolve(directory, file)
  const source = await readSources(path, file, signal)
  refuseStale(path, source)
  const code: UserCode = { files: new Set(source.files.keys()), directory }
  const found = await importFile(path, file, { source, code })
  const definition = definitionOf(exportOf(found, file, name), generator)
  return { definition, code, identity: { source: source.hash, export: name } }
}

/** What stands in a config's text for a function that its program gave. */
export const givenPrefix = 'function:'

/** Its own text is all there is to know of it: what it closes over can't be seen. */
function givenCustom(
  given: CustomFunction | CustomColumn,
  generator: string,
  directory: string,
): LoadedCustom {
  const definition = definitionOf(given, generator)
  const source = createHash('sha256').update(definition.generate.toString()).digest('hex')
  return {
    definition,
    code: { files: null, directory },
    identity: { source, declared: definition.declared },
  }
}

async function readSources(path: string, file: string, signal: AbortSignal): Promise<SourceFiles> {
  try {
    return await readSourceFiles(path, signal)
  } catch (error) {
    signal.throwIfAborted()
    const names = await readdir(dirname(path)).catch(() => [])
    const base = basename(path)
    const near = names.find((name) => name.startsWith(`${base}.`)) ?? nearest(base, names)
    const isGone = near !== base
    throw new LoadFault(
      isGone ? `there is no file ${path}` : `${path} can't be read: ${messageOf(error)}`,
      {
        cause: error,
        code: 'generator-missing',
        field: 'generator',
        suggestion:
          near === undefined || !isGone
            ? 'A path starts at the folder of the config: ./columns.ts#name.'
            : `Did you mean '${file.slice(0, file.length - basename(file).length)}${near}'?`,
      },
    )
  }
}

/** What a process imported once it has permanently: contents of files by their path. */
const imported = new Map<string, string>()

/** The first file is imported anew when anything changed; what it imports is not. */
function refuseStale(entry: string, { files }: SourceFiles): void {
  const lasting = [...files].filter(([path]) => path !== entry || path.endsWith('.cjs'))
  for (const [path, hash] of lasting) {
    if ((imported.get(path) ?? hash) === hash) continue
    throw new LoadFault(`${path} changed since this process loaded it`, {
      code: 'generator-changed',
      field: 'generator',
      suggestion: 'Start the program again.',
    })
  }
  for (const [path, hash] of lasting) imported.set(path, hash)
}

async function importFile(
  path: string,
  file: string,
  { source, code }: { source: SourceFiles; code: UserCode },
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(`${pathToFileURL(path).href}?source=${source.hash.slice(0, 16)}`)
  } catch (error) {
    const place = userFrame(error, code)
    throw new LoadFault(
      `${file} can't be imported: ${messageOf(error)}${place === null ? '' : ` (${place})`}`,
      {
        cause: error,
        code: 'generator-broken',
        field: 'generator',
        suggestion: isMissingRowsmith(error)
          ? "Install it next to the config (npm install rowsmith), or export a plain function and use 'import type'."
          : `Run node ${path} to see where it fails.`,
      },
    )
  }
}

function isMissingRowsmith(error: unknown): boolean {
  return /Cannot find package 'rowsmith'/.test(messageOf(error))
}

function exportOf(found: Readonly<Record<string, unknown>>, file: string, name: string): unknown {
  if (Object.hasOwn(found, name)) return found[name]
  const usable = Object.keys(found).filter((each) => isCustom(found[each]))
  // Node gives a file of CommonJS exports that no one wrote.
  const names = Object.keys(found).filter(
    (each) => usable.includes(each) || !['default', 'module.exports'].includes(each),
  )
  const near = nearest(name, usable)
  const has = names.length === 0 ? 'nothing' : names.join(', ')
  throw new LoadFault(
    name === 'default'
      ? `${file} has no default export; it exports ${has}`
      : `${file} exports no '${name}'; it exports ${has}`,
    {
      code: 'generator-missing',
      field: 'generator',
      suggestion:
        name === 'default' || near === undefined
          ? `Add the function's name to the file: ${file}#${usable[0] ?? 'name'}.`
          : `Did you mean '${file}#${near}'?`,
    },
  )
}

function definitionOf(value: unknown, generator: string): CustomDefinition {
  const options = { code: 'generator-invalid', field: 'generator' }
  if (!isCustom(value)) {
    throw new LoadFault(
      `${generator} is a ${value === null ? 'null' : typeof value}, and no function`,
      { ...options, suggestion: 'Export a function, or defineCustom({ generate, … }).' },
    )
  }
  const read = readCustom(value)
  if (typeof read !== 'string') return read
  throw new LoadFault(`the declaration of ${generator} is wrong: ${read}`, options)
}
