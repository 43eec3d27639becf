import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Where the module of a package is, or why there is none. */
export type FoundPackage =
  | { readonly path: string }
  | { readonly missing: string }
  /** The manifest that is not JSON. */
  | { readonly unreadable: string }
  | { readonly unexported: string }

/** Looks for a package (`name`, `@scope/name`, or a path inside of one) from folders upwards. */
export async function findPackage(
  written: string,
  folders: readonly string[],
): Promise<FoundPackage> {
  const { name, inner } = partsOf(written)
  for (const start of folders) {
    for (const above of foldersAbove(start)) {
      const place = join(above, 'node_modules', name)
      if (await isFolder(place)) return moduleOf(place, inner)
    }
  }
  return { missing: name }
}

export function foldersAbove(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...foldersAbove(above)]
}

function partsOf(written: string): { name: string; inner: string } {
  const [first = '', second = '', ...rest] = written.split('/')
  const isScoped = first.startsWith('@')
  const inner = isScoped ? rest : [second, ...rest].filter((part) => part !== '')
  return {
    name: isScoped ? `${first}/${second}` : first,
    inner: ['.', ...inner].join('/'),
  }
}

/** The file that `import` would take of a package, whose folder is given. */
export async function moduleOf(
  folder: string,
  inner = '.',
): Promise<Exclude<FoundPackage, { missing: string }>> {
  const manifestPath = join(folder, 'package.json')
  const text = await readFile(manifestPath, 'utf8').catch(() => '{}')
  let manifest: { exports?: unknown; main?: unknown }
  try {
    manifest = JSON.parse(text)
  } catch {
    return { unreadable: manifestPath }
  }
  const { exports, main } = manifest
  const usual = inner === '.' ? (typeof main === 'string' ? main : 'index.js') : inner
  const target = exports === undefined ? usual : exported(exports, inner)
  return target === null ? { unexported: inner } : { path: join(folder, target) }
}

const conditions = ['import', 'node', 'module-sync', 'default']

/** The target of `exports` for a path inside of the package: exact ones only, no patterns. */
function exported(exports: unknown, inner: string): string | null {
  const isMap =
    typeof exports === 'object' &&
    exports !== null &&
    Object.keys(exports).some((key) => key.startsWith('.'))
  if (isMap) return targetOf(Object.entries(exports).find(([key]) => key === inner)?.[1])
  return inner === '.' ? targetOf(exports) : null
}

function targetOf(target: unknown): string | null {
  if (typeof target === 'string') return target
  if (typeof target !== 'object' || target === null) return null
  for (const [key, value] of Object.entries(target)) {
    const found = conditions.includes(key) || Array.isArray(target) ? targetOf(value) : null
    if (found !== null) return found
  }
  return null
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}
