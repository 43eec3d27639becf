import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { isMissing } from '../threads/system-error.ts'
import { editDistance } from '../util/near-miss.ts'
import { SeedFault, type SeedContext } from './define.ts'
import { type FileContext, isSeedName, stemOf } from './format-of.ts'
import type { SeedFormat } from './formats/define.ts'

/**
 * The file a path of the config means: below the working directory, otherwise next to the config.
 *
 * A missing file is a fault that names the places tried and files with similar names.
 */
export async function findSeedFile(path: string, context: FileContext): Promise<string> {
  const places = placesOf(path, context)
  for (const place of places) {
    if (await isFile(place, path)) return place
  }
  const message = `there is no file ${places.join(' and none ')}`
  throw await missing(places, message, context.formats)
}

/** The fault of a path or pattern that leads to nothing. */
export async function missing(
  places: readonly string[],
  message: string,
  formats: readonly SeedFormat[],
): Promise<SeedFault> {
  const near = await nearMisses(places, formats)
  return new SeedFault('seed-missing', message, {
    suggestion:
      near.length > 0
        ? `Did you mean ${near.join(' or ')}?`
        : 'Give the path of the seed file, absolute or from one of these folders.',
  })
}

type Folders = Pick<SeedContext, 'workingDirectory' | 'configDirectory'>

/** Where a path of the config may lead, in the order they are tried. */
export function placesOf(path: string, folders: Folders): string[] {
  const places = rootsOf(path, folders).map(({ folder, path: inner }) => resolve(folder, inner))
  return [...new Set(places)]
}

/** The same as folders and paths from there, which are absolute where the written one is. */
export function rootsOf(
  path: string,
  { workingDirectory, configDirectory }: Folders,
): { folder: string; path: string }[] {
  if (path === '~' || path.startsWith('~/')) return [{ folder: homedir(), path: path.slice(2) }]
  const folders = configDirectory === null ? [] : [configDirectory]
  if (isAbsolute(path)) folders.length = 0
  return [workingDirectory, ...folders].map((folder) => ({ folder, path }))
}

async function isFile(place: string, path: string): Promise<boolean> {
  try {
    const stats = await stat(place)
    if (stats.isFile()) return true
    throw new SeedFault('not-a-file', `${path} is a ${stats.isDirectory() ? 'folder' : 'device'}`, {
      suggestion: `Give the path of a file, or a pattern of several: ${join(path, '*.csv')}`,
    })
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** At most three files with a readable ending, the most similar names first. */
async function nearMisses(
  places: readonly string[],
  formats: readonly SeedFormat[],
): Promise<string[]> {
  const wanted = basename(places[0] ?? '').toLowerCase()
  const found: { path: string; distance: number }[] = []
  for (const folder of new Set(places.map((place) => dirname(place)))) {
    for (const name of await listFolder(folder)) {
      if (!isSeedName(name, formats)) continue
      const distance = editDistance(wanted, name.toLowerCase())
      const sameStem = stemOf(wanted) === stemOf(name.toLowerCase())
      if (sameStem || distance <= Math.max(2, wanted.length / 3)) {
        found.push({ path: join(folder, name), distance: sameStem ? 0 : distance })
      }
    }
  }
  found.sort((a, b) => a.distance - b.distance || (a.path < b.path ? -1 : 1))
  return found.slice(0, 3).map(({ path }) => path)
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch {
    // A folder that cannot be listed has no suggestions; the missing file is reported anyway.
    return []
  }
}
