import { z } from 'zod'
import { oneOf, text } from '../config/scalars.ts'
import { compressionEndings } from './compression.ts'
import { defineSeedSource, SeedFault, type SeedSource } from './define.ts'
import { endingsOf, type FileContext } from './format-of.ts'
import { findSeedFiles, type SeedFiles } from './find-files.ts'
import type { SeedFormat } from './formats/define.ts'
import { checkDelimiter, delimiter, openFiles, readIdentity, stampOf } from './open-files.ts'

// Keys it does not know were warned of when the config was loaded.
function schemaFor(formats: readonly SeedFormat[]) {
  return z
    .object({
      seed_type: oneOf(['local']).describe('Kind of source.'),
      path: text({ nonEmpty: true }).describe(
        `Path of a file ending in ${endingsOf(formats).join(', ')}, also compressed (${Object.keys(compressionEndings).join(', ')}), or a pattern of several (data/part-*.csv); from the working directory or the config's folder.`,
      ),
      delimiter: delimiter(),
    })
    .describe('Files on this machine.')
}

/** One file on this machine, or those that match a pattern, in one of the given formats. */
export function createLocalSource(formats: readonly SeedFormat[]): SeedSource {
  return defineSeedSource({
    type: 'local',
    schema: schemaFor(formats),
    async open({ path, delimiter: said = null }, context) {
      const found = await findSeedFiles(path, { ...context, formats })
      return openFiles(found, checkDelimiter(said, found.format), context)
    },
    async stamp({ path, delimiter: said = null }, context) {
      const found = await findIfThere(path, { ...context, formats })
      if (found === null) return null
      return {
        stamp: stampOf(found.files),
        identity: () => readIdentity(found, said, context),
      }
    },
  })
}

async function findIfThere(path: string, context: FileContext): Promise<SeedFiles | null> {
  try {
    return await findSeedFiles(path, context)
  } catch (error) {
    if (error instanceof SeedFault && error.code === 'seed-missing') return null
    throw error
  }
}
