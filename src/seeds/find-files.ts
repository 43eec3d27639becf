import type { Stats } from 'node:fs'
import { glob, stat } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { isMissing } from '../threads/system-error.ts'
import { compareText } from '../util/json.ts'
import { SeedFault } from './define.ts'
import { lookAtFile, type SeedFile } from './file.ts'
import { type FileContext, kindOf } from './format-of.ts'
import type { SeedFormat } from './formats/define.ts'
import { findSeedFile, missing, placesOf, rootsOf } from './find-seed-file.ts'

/** The files of a seed, in order. */
export interface SeedFiles {
  readonly format: SeedFormat
  /** At least one. */
  readonly files: readonly SeedFile[]
}

/** `*`, `?`, `[a-z]`, `{a,b}`, `**` and `@(a|b)`: what `glob` understands. */
const patternSigns = /[*?[{]|[+@!]\(/

/**
 * The files a path of the config means. A file of exactly that name comes first, so that one
 * called `data[1].csv` can be named.
 */
export async function findSeedFiles(path: string, context: FileContext): Promise<SeedFiles> {
  if (!patternSigns.test(path) || (await isThere(path, context))) {
    const place = await findOne(path, context)
    const { format, compression } = kindOf(path, context.formats)
    return { format, files: [await lookAtFile(place, { label: null, compression })] }
  }
  return lookAtMatches(path, await matchesOf(path, context), context)
}

async function findOne(path: string, context: FileContext): Promise<string> {
  try {
    return await findSeedFile(path, context)
  } catch (error) {
    // An ending that no seed has says more than that nothing is there.
    if (error instanceof SeedFault && error.code === 'seed-missing') kindOf(path, context.formats)
    throw error
  }
}

async function isThere(path: string, context: FileContext): Promise<boolean> {
  for (const place of placesOf(path, context)) if (await isPlainFile(place)) return true
  return false
}

/** Paths that match, sorted; below the working directory, otherwise next to the config. */
async function matchesOf(pattern: string, context: FileContext): Promise<string[]> {
  for (const { folder, path } of rootsOf(pattern, context)) {
    const found = new Set<string>()
    // The folder apart from the pattern: its own name may hold signs of one.
    for await (const match of glob(path, { cwd: folder })) {
      const place = resolve(folder, match)
      if (!found.has(place) && (await isNoFolder(place))) found.add(place)
    }
    // By code points of the path and not as any language or folder sorts: the order is the data's.
    const portable = (place: string): string => place.replaceAll(sep, '/')
    if (found.size > 0) return [...found].sort((a, b) => compareText(portable(a), portable(b)))
  }
  const places = placesOf(pattern, context)
  const message = `no file matches ${places.join(' and none ')}`
  const literal = await literalFolder(pattern, context)
  if (literal === null) throw await missing(places, message, context.formats)
  throw new SeedFault('seed-missing', message, {
    suggestion: `There is a folder ${literal.folder}, whose name is read as a pattern; write ${literal.escaped}`,
  })
}

/** A folder called exactly as the pattern begins, signs and all, and the pattern that means it. */
async function literalFolder(
  pattern: string,
  context: FileContext,
): Promise<{ folder: string; escaped: string } | null> {
  const names = pattern.split('/')
  for (let count = names.length - 1; count > 0; count--) {
    const folder = names.slice(0, count).join('/')
    if (!patternSigns.test(folder)) return null
    for (const place of placesOf(folder, context)) {
      if (!(await isFolder(place))) continue
      // Braces are looked for even in brackets.
      const escaped = folder.replaceAll(/[*?[(]/g, '[$&]').replaceAll('{', '?')
      return { folder, escaped: [escaped, ...names.slice(count)].join('/') }
    }
  }
  return null
}

async function lookAtMatches(
  pattern: string,
  paths: readonly string[],
  { workingDirectory, formats }: FileContext,
): Promise<SeedFiles> {
  function labelOf(path: string): string {
    const near = relative(workingDirectory, path)
    return near.startsWith('..') ? path : near
  }

  const files: SeedFile[] = []
  let first: { path: string; format: SeedFormat } | null = null
  for (const path of paths) {
    const { format, compression } = kindOf(path, formats)
    first ??= { path, format }
    if (format !== first.format) {
      throw new SeedFault(
        'mixed-formats',
        `${pattern} matches files of two formats: ${labelOf(first.path)} and ${labelOf(path)}`,
        {
          suggestion: `Narrow the pattern to one of them, for example with *.${first.format.name}.`,
        },
      )
    }
    files.push(await lookAtFile(path, { label: labelOf(path), compression }))
  }
  if (first === null) throw new Error(`no file was given for ${pattern}`)
  return { format: first.format, files }
}

async function isPlainFile(path: string): Promise<boolean> {
  return (await lookAt(path))?.isFile() ?? false
}

async function isFolder(path: string): Promise<boolean> {
  return (await lookAt(path))?.isDirectory() ?? false
}

async function lookAt(path: string): Promise<Stats | null> {
  try {
    return await stat(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function isNoFolder(path: string): Promise<boolean> {
  const stats = await stat(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error
    throw new SeedFault('seed-unreadable', `${path} is a link to a file that is not there`, {
      cause: error,
      suggestion: 'Remove the link, or narrow the pattern.',
    })
  })
  if (stats.isFile() || stats.isDirectory()) return !stats.isDirectory()
  throw new SeedFault('not-a-file', `${path} is a device`, { suggestion: 'Narrow the pattern.' })
}
