import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path'
import { editDistance } from '../util/near-miss.ts'
import { SeedFault, type SeedContext } from './define.ts'

/**
 * The file a path of the config means: below the working directory, otherwise beside the config.
 *
 * A missing file is a fault that names the places tried and files with similar names.
 */
export async function findSeedFile(
  path: string,
  { workingDirectory, configDirectory }: SeedContext,
  endings: readonly string[],
): Promise<string> {
  const places = placesOf(path, workingDirectory, configDirectory)
  for (const place of places) {
    if (await isFile(place, path)) return place
  }
  const near = await nearMisses(places, endings)
  throw new SeedFault('seed-missing', `there is no file ${places.join(' and none ')}`, {
    suggestion:
      near.length > 0
        ? `Did you mean ${near.join(' or ')}?`
        : 'Give the path of the seed file, absolute or from one of these folders.',
  })
}

function placesOf(
  path: string,
  workingDirectory: string,
  configDirectory: string | null,
): string[] {
  const expanded = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
  if (isAbsolute(expanded) || configDirectory === null) return [resolve(workingDirectory, expanded)]
  const places = [workingDirectory, configDirectory].map((folder) => resolve(folder, expanded))
  return [...new Set(places)]
}

async function isFile(place: string, path: string): Promise<boolean> {
  try {
    const stats = await stat(place)
    if (stats.isFile()) return true
    throw new SeedFault('not-a-file', `${path} is a ${stats.isDirectory() ? 'folder' : 'device'}`, {
      suggestion: 'A local seed is one file; give its path.',
    })
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** At most three files with a readable ending, the most similar names first. */
async function nearMisses(
  places: readonly string[],
  endings: readonly string[],
): Promise<string[]> {
  const wanted = basename(places[0] ?? '').toLowerCase()
  const found: { path: string; distance: number }[] = []
  for (const folder of new Set(places.map((place) => dirname(place)))) {
    for (const name of await listFolder(folder)) {
      if (!endings.includes(extname(name).toLowerCase())) continue
      const distance = editDistance(wanted, name.toLowerCase())
      const sameStem = stem(wanted) === stem(name.toLowerCase())
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

function stem(name: string): string {
  return basename(name, extname(name))
}

/** Whether a file system call failed because there is nothing at the path. */
function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'ENOTDIR'
}
