import { pathToFileURL } from 'node:url'
import { messageOf, RowsmithError } from '../util/errors.ts'
import { findPackage } from './find-package.ts'

/**
 * Imports a package that the user installs for one purpose: of the project in the working directory,
 * or beside rowsmith itself.
 */
export async function importOptional(
  name: string,
  purpose: string,
): Promise<Readonly<Record<string, unknown>>> {
  const found = await findPackage(name, [process.cwd(), import.meta.dirname])
  if (!('path' in found)) {
    throw new RowsmithError(
      'package-missing',
      `${purpose} needs the package ${name}, which is not installed`,
      { hints: [`Install it beside rowsmith: npm install ${name}.`] },
    )
  }
  try {
    return (await import(pathToFileURL(found.path).href)) as Record<string, unknown>
  } catch (error) {
    throw new RowsmithError(
      'package-missing',
      `the package ${name} at ${found.path} can't be loaded: ${messageOf(error)}`,
      { cause: error, hints: [`Install it again: npm install ${name}.`] },
    )
  }
}
