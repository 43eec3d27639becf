import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isMapping } from '../config/literal.ts'
import { LoadFault } from '../graph/kind.ts'
import { failedWith } from '../threads/system-error.ts'

/** The versions of a validator's packages; refuses one whose packages are not installed. Loads none. */
export function neededPackages(packages: readonly string[], what: string): string[] {
  const versions = packages.map((name) => ({ name, version: installedVersion(name) }))
  const missing = versions.flatMap(({ name, version }) => (version === null ? [name] : []))
  if (missing.length > 0) {
    throw new LoadFault(`${what} needs ${missing.join(' and ')}, which can't be found here`, {
      code: 'package-missing',
      field: 'validator_params',
      suggestion: `Install it next to rowsmith: npm install ${missing.join(' ')}.`,
    })
  }
  return versions.map(({ name, version }) => `${name} ${version}`)
}

/** Packages need not export their own description: their folder is looked for. */
function installedVersion(name: string): string | null {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      const described: unknown = JSON.parse(
        readFileSync(join(folder, name, 'package.json'), 'utf8'),
      )
      const version = isMapping(described) ? described['version'] : null
      return typeof version === 'string' ? version : 'unknown'
    } catch (error) {
      if (!failedWith(error, 'ENOENT', 'ENOTDIR')) throw error
    }
  }
  return null
}
