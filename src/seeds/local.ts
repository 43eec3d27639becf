import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import { z } from 'zod'
import { oneOf, text } from '../config/scalars.ts'
import { defineSeedSource, SeedFault, type OpenedSeed, type SeedContext } from './define.ts'
import { openSeedFile, type SeedFile } from './file.ts'
import type { SeedFormat } from './formats/define.ts'
import { seedFormats } from './formats/index.ts'
import { findSeedFile } from './place.ts'

const endings = seedFormats.flatMap((format) => format.endings)

/** Grows whenever the same bytes give other columns or values than before. */
const readingVersion = 1

// Keys it does not know were warned of when the config was loaded.
const schema = z
  .object({
    seed_type: oneOf(['local']).describe('Kind of source.'),
    path: text({ nonEmpty: true }).describe(
      `Path of a file ending in ${endings.join(', ')}, from the working directory or the config's folder.`,
    ),
  })
  .describe('One file on this machine.')

/** One file on this machine. */
export const local = defineSeedSource({
  type: 'local',
  schema,
  async open({ path }, context) {
    const format = formatOf(path)
    const file = await openSeedFile(await findSeedFile(path, context, endings))
    try {
      return await openLocal(file, format, context)
    } catch (error) {
      await file.close()
      throw error
    }
  },
  async stamp({ path }, context) {
    const format = formatOf(path)
    const place = await findIfThere(path, context)
    if (place === null) return null
    const file = await openSeedFile(place)
    await file.close()
    return {
      stamp: file.stamp,
      async identity(signal) {
        const again = await openSeedFile(place)
        try {
          return identify(format, await again.hash(signal))
        } finally {
          await again.close()
        }
      },
    }
  },
})

async function openLocal(
  file: SeedFile,
  format: SeedFormat,
  { signal }: SeedContext,
): Promise<OpenedSeed> {
  const identity = identify(format, await file.hash(signal))
  const reading = await format.open(file, signal)
  const close = () => file.close()
  return {
    columns: reading.columns,
    size: reading.size,
    identity,
    stamp: file.stamp,
    rows: (rowsSignal) => reading.rows(rowsSignal),
    changed: async () => (await file.currentStamp()) !== file.stamp,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function formatOf(path: string): SeedFormat {
  if (/[*?]/.test(path)) {
    throw new SeedFault('unsupported', `patterns of several files are not read yet: ${path}`, {
      suggestion: 'Join the files into one and give its path.',
    })
  }
  const ending = extname(path).toLowerCase()
  const format = seedFormats.find((candidate) => candidate.endings.includes(ending))
  if (format !== undefined) return format
  const came = ending === '' ? 'no ending' : `the ending ${ending}`
  throw new SeedFault('unknown-format', `${path} has ${came}, which names no seed format`, {
    suggestion: `Use a file ending in ${endings.join(', ')}.`,
  })
}

async function findIfThere(path: string, context: SeedContext): Promise<string | null> {
  try {
    return await findSeedFile(path, context, endings)
  } catch (error) {
    if (error instanceof SeedFault && error.code === 'seed-missing') return null
    throw error
  }
}

function identify({ name }: SeedFormat, contentHash: string): string {
  const material = JSON.stringify({ version: readingVersion, format: name, content: contentHash })
  return createHash('sha256').update(material).digest('hex')
}
