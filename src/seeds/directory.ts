import { z } from 'zod'
import { flag, oneOf } from '../config/scalars.ts'
import { isMissing } from '../threads/system-error.ts'
import { defineSeedSource, SeedFault, type SeedContext, type SeedSource } from './define.ts'
import { findFolder, type FolderSelection, walkFolder } from './folder.ts'
import {
  filePattern,
  folderPath,
  type FolderReading,
  openFolderSeed,
  stampFolderSeed,
} from './folder-seed.ts'

/** The fields of sources that read the files of a folder. */
export const folderFields = {
  path: folderPath().describe(
    'Path of a folder, from the working directory or the folder of the config.',
  ),
  file_pattern: filePattern()
    .default('*')
    .describe('Which files, by their names: *, ?, [a-z] and [!a-z].'),
  recursive: flag().default(true).describe('Also those of the folders below.'),
}

const schema = z
  .object({ seed_type: oneOf(['directory']).describe('Kind of source.'), ...folderFields })
  .describe('The names of the files of a folder.')

/** A row for each file of a folder, with where it is. */
export const directory: SeedSource<z.output<typeof schema>> = defineSeedSource({
  type: 'directory',
  schema,
  open: async (source, context) =>
    openFolderSeed(listing(await selectFolder(source, context)), context),
  stamp: (source, context) => stampIfThere(source, context, listing),
})

export interface FolderSource {
  path: string
  file_pattern: string
  recursive: boolean
}

export async function selectFolder(
  { path, file_pattern: pattern, recursive }: FolderSource,
  context: SeedContext,
): Promise<FolderSelection> {
  return { folder: await findFolder(path, context), pattern, recursive }
}

/** The stamp of a folder's seed; null when the folder is missing. */
export async function stampIfThere(
  source: FolderSource,
  context: SeedContext,
  readingOf: (selection: FolderSelection) => FolderReading,
): ReturnType<SeedSource['stamp']> {
  try {
    return await stampFolderSeed(readingOf(await selectFolder(source, context)), context)
  } catch (error) {
    if (isMissing(error) || (error instanceof SeedFault && error.code === 'seed-missing'))
      return null
    throw error
  }
}

export const listingColumns: FolderReading['columns'] = (
  ['source_kind', 'source_path', 'relative_path', 'file_name'] as const
).map((name) => ({ name, type: 'string' as const }))

export function noFiles({ folder, pattern, recursive }: FolderSelection): SeedFault {
  const where = recursive ? 'in it or in a folder below' : 'in it'
  return new SeedFault('seed-missing', `the folder ${folder} has no file ${pattern} ${where}`, {
    field: 'file_pattern',
    suggestion: recursive
      ? 'Upper and lower case differ; a pattern is of the whole name: *.md.'
      : 'Upper and lower case differ; recursive: true looks into the folders below, too.',
  })
}

function listing(selection: FolderSelection): FolderReading {
  return {
    columns: listingColumns,
    version: 'directory 1',
    files: (signal) => walkFolder(selection, signal),
    // oxlint-disable-next-line require-await -- other sources must read the file
    async *read({ path, relativePath, name }) {
      yield ['directory_file', path, relativePath, name]
    },
    nothing: () => noFiles(selection),
  }
}
