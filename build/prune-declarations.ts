import { globSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What the package exports. */
const doors = ['index', 'plugin', 'testing/index']

const target = fileURLToPath(new URL('../dist/', import.meta.url))

/**
 * Deletes the declarations that no export of the package leads to: they describe what no one can import.
 * Answers the packages whose types the others name.
 */
export function pruneDeclarations(folder: string = target): string[] {
  const packages = new Set<string>()
  const reached = new Set<string>()
  const waiting = doors.map((door) => `${door}.d.ts`)
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    for (const specifier of specifiersIn(readFileSync(join(folder, path), 'utf8'))) {
      if (specifier.startsWith('.')) waiting.push(declarationOf(path, specifier))
      else packages.add(specifier)
    }
  }
  for (const path of globSync('**/*.d.ts', { cwd: folder })) {
    if (!reached.has(path.split(sep).join('/'))) rmSync(join(folder, path))
  }
  return [...packages].toSorted()
}

function specifiersIn(declarations: string): string[] {
  const code = declarations.replaceAll(/\/\*[^]*?\*\//g, '')
  return [...code.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*(['"])([^'"]+)\1/g)].map(
    ([, , specifier = '']) => specifier,
  )
}

function declarationOf(path: string, specifier: string): string {
  const file = join(dirname(path), specifier).split(sep).join('/')
  return file.replace(/\.[jt]s$/, '.d.ts')
}

if (import.meta.main) pruneDeclarations()
