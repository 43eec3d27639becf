import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { LoadFault } from '../graph/kind.ts'

/** Refuses a validator whose packages are not installed; loads none of them. */
export function needPackages(packages: readonly string[], what: string): void {
  const missing = packages.filter((name) => !isInstalled(name))
  if (missing.length === 0) return
  throw new LoadFault(`${what} needs ${missing.join(' and ')}, which can't be found here`, {
    code: 'package-missing',
    field: 'validator_params',
    suggestion: `Install it beside rowsmith: npm install ${missing.join(' ')}.`,
  })
}

/** Packages need not export their own description: their folder is looked for. */
function isInstalled(name: string): boolean {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  return folders.some((folder) => existsSync(join(folder, name, 'package.json')))
}
