import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'

/** A file of code with the files of the project that it imports, directly or by way of others. */
export interface SourceFiles {
  /** Hex SHA-256 of all of them: of contents and of places from the first file, never of where that is. */
  readonly hash: string
  /** Hex SHA-256 by absolute path. */
  readonly files: ReadonlyMap<string, string>
}

/**
 * Reads a file of code and what it imports by relative paths. Packages are not looked into, nor what
 * is imported by a path that only running it would tell.
 */
export async function readSourceFiles(entry: string, signal: AbortSignal): Promise<SourceFiles> {
  const content = await readFile(entry, { encoding: 'utf8', signal })
  const files = new Map([[entry, hashOf(content)]])
  const waiting = importsOf(entry, content)
  for (let paths = waiting.pop(); paths !== undefined; paths = waiting.pop()) {
    const found = await readFirst(paths, signal)
    if (found === null || files.has(found.path)) continue
    files.set(found.path, hashOf(found.content))
    waiting.push(...importsOf(found.path, found.content))
  }
  const folder = dirname(entry)
  const lines = [...files].map(([path, hash]) => {
    // Of the first file only its content counts: it may be called something else.
    const name = path === entry ? '.' : relative(folder, path).replaceAll('\\', '/')
    return `${hash} ${name}`
  })
  return { hash: hashOf(lines.toSorted().join('\n')), files }
}

const specifiers = /\b(?:from|import|require)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g
/** Node takes these away, as they leave nothing to run. */
const typeImports = /\b(?:import|export)\s+type\s[^'"`;]*?\sfrom\s*(['"])[^'"\n]+\1/g
const endings = ['', '.js', '.cjs', '.json', '/index.js']

/**
 * Where each import may lead. What only looks like one, in a comment or a text, is read too where there
 * is such a file: better one file too many than one that no one notices.
 */
function importsOf(path: string, content: string): string[][] {
  return Array.from(
    content.replaceAll(typeImports, '').matchAll(specifiers),
    ([, , specifier = '']) => {
      const target = resolve(dirname(path), specifier.replace(/[?#].*$/, ''))
      return endings.map((ending) => target + ending)
    },
  )
}

async function readFirst(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<{ path: string; content: string } | null> {
  for (const path of paths) {
    const content = await readFile(path, { encoding: 'utf8', signal }).catch(() => null)
    signal.throwIfAborted()
    if (content !== null) return { path, content }
  }
  return null
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}
