import { basename, extname } from 'node:path'
import { compressionEndings, unreadEnding } from './compression.ts'
import { type SeedContext, SeedFault } from './define.ts'
import type { Compression } from './file.ts'
import type { SeedFormat } from './formats/define.ts'

/** Where files of a seed are looked for, and which formats there are. */
export interface FileContext extends SeedContext {
  readonly formats: readonly SeedFormat[]
}

/** Of files that are read as they are. */
export function endingsOf(formats: readonly SeedFormat[]): string[] {
  return formats.flatMap((format) => format.endings)
}

/** What the ending of a name says of a file: `a.csv.gz` is CSV and compressed. */
export interface FileKind {
  readonly format: SeedFormat
  readonly compression: Compression | null
}

export function kindOf(path: string, formats: readonly SeedFormat[]): FileKind {
  const last = endingOf(path)
  const unread = unreadEnding(last, path)
  if (unread !== null) throw unread
  const compression = compressionEndings[last] ?? null
  const ending = compression === null ? last : endingOf(path.slice(0, -last.length))
  const format = formats.find((candidate) => candidate.endings.includes(ending))
  if (format !== undefined && (compression === null || format.streamed)) {
    return { format, compression }
  }
  if (format !== undefined) {
    throw new SeedFault('unsupported', `${path} is ${ending.slice(1)}, compressed as a whole`, {
      suggestion: `Decompress it: ${format.name} files are compressed inside, and read in any order.`,
    })
  }
  const came =
    compression !== null
      ? `${last} behind ${ending === '' ? 'no ending of a format' : `the ending ${ending}`}`
      : last === ''
        ? 'no ending'
        : `the ending ${last}`
  throw new SeedFault('unknown-format', `${path} has ${came}, which is not a seed format`, {
    suggestion: `Use a file ending in ${endingsOf(formats).join(', ')}; those of text may be followed by ${Object.keys(compressionEndings).join(', ')}.`,
  })
}

/** Whether a file could be a seed, by its name. */
export function isSeedName(name: string, formats: readonly SeedFormat[]): boolean {
  const last = endingOf(name)
  const isCompressed = Object.hasOwn(compressionEndings, last)
  return endingsOf(formats).includes(isCompressed ? endingOf(name.slice(0, -last.length)) : last)
}

/** A name without the endings that say how it is read. */
export function stemOf(name: string): string {
  const bare = basename(name)
  const last = endingOf(bare)
  const inner = Object.hasOwn(compressionEndings, last) ? bare.slice(0, -last.length) : bare
  return basename(inner, extname(inner))
}

function endingOf(path: string): string {
  return extname(path).toLowerCase()
}
