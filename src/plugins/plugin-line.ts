import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { placeText, stackPlaces, type StackPlace } from '../columns/user-frame.ts'

const own = fileURLToPath(new URL('../', import.meta.url))
const schemaLibrary = `${sep}node_modules${sep}zod${sep}`

/**
 * The first line of a stack that is in the code of the plugin that was called; null without one.
 *
 * Of what rowsmith called, the outermost line is the plugin's own: the first one in the same package
 * is meant, not one in a package that the plugin uses.
 */
export function pluginLine(error: unknown): string | null {
  const places = stackPlaces(error)
  const begin = places.findIndex(isForeign)
  if (begin === -1) return null
  const end = places.findIndex((place, at) => at > begin && isOwn(place))
  const called = places.slice(begin, end === -1 ? undefined : end).filter(isForeign)
  const entry = called.at(-1)
  if (entry === undefined) return null
  const home = packageOf(entry)
  const line = called.find((place) => packageOf(place) === home) ?? entry
  return placeText(line, process.cwd())
}

function isOwn({ path }: StackPlace): boolean {
  return path.startsWith(own)
}

function isForeign(place: StackPlace): boolean {
  return !isOwn(place) && !place.path.includes(schemaLibrary)
}

/** The folder of the installed package a file is in; null for one of the user's project. */
function packageOf({ path }: StackPlace): string | null {
  const marker = `${sep}node_modules${sep}`
  const at = path.lastIndexOf(marker)
  if (at === -1) return null
  const [first = '', second = ''] = path.slice(at + marker.length).split(sep)
  return path.slice(0, at + marker.length) + (first.startsWith('@') ? first + sep + second : first)
}
