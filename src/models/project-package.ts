import { pathToFileURL } from 'node:url'
import { findPackage } from '../threads/find-package.ts'
import { messageOf } from '../util/errors.ts'
import type { Asked } from './classify.ts'
import { failed } from './provider-failure.ts'

export interface PackageSearch {
  /** Where it is looked for, from each upwards. */
  folders: readonly string[]
  asked: Asked
}

/** Where optional packages may be: the project, the working directory, next to rowsmith itself. */
export function packageFolders(directory: string): string[] {
  return [...new Set([directory, process.cwd(), import.meta.dirname])]
}

/** Imports a package that the user installs when it is needed; what it exports, by its names. */
export async function importPackage(
  name: string,
  { folders, asked }: PackageSearch,
): Promise<Readonly<Record<string, unknown>>> {
  const found = await findPackage(name, folders)
  if (!('path' in found)) {
    throw failed(
      'package-missing',
      `needs the package ${name}, which is not installed in or above ${folders.slice(0, -1).join(' or ')}. Install it with "npm install ${name}".`,
      asked,
    )
  }
  try {
    return (await import(pathToFileURL(found.path).href)) as Record<string, unknown>
  } catch (error) {
    throw failed(
      'package-broken',
      `can't load the package ${name} from ${found.path} (${messageOf(error)}). Install it again with "npm install ${name}".`,
      asked,
      { cause: error },
    )
  }
}
