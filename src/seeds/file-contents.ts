import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { withForm } from '../config/json-form.ts'
import { oneOf, refuse, text } from '../config/scalars.ts'
import { defineSeedSource, SeedFault, type SeedRow, type SeedSource } from './define.ts'
import { folderFields, listingColumns, noFiles, selectFolder, stampIfThere } from './directory.ts'
import { type FolderFile, type FolderSelection, walkFolder } from './folder.ts'
import { type FolderReading, openFolderSeed } from './folder-seed.ts'
import { longestRecord } from './formats/define.ts'
import { type Decode, decoderFor } from './text-encoding.ts'

const schema = z
  .object({
    seed_type: oneOf(['file_contents']).describe('Kind of source.'),
    ...folderFields,
    encoding: encoding()
      .prefault('utf-8')
      .describe('How the files are written: utf-8, latin-1, cp1252, utf-16, shift_jis, gb18030, …'),
  })
  .describe('The texts of the files of a folder.')

function encoding(): z.ZodType<Decode> {
  const known = text({ nonEmpty: true }).transform((written, context): Decode => {
    const decode = decoderFor(written)
    if (decode !== null) return decode
    return refuse(context, written, {
      code: 'wrong-word',
      expected: 'an encoding, by its name in Python: utf-8, latin-1, cp1252, utf-16, gb18030, …',
      suggestion: 'Convert files in another one to UTF-8, for example with iconv.',
    })
  })
  return withForm(known, { json: { type: 'string', minLength: 1 } })
}

/** A row for each file of a folder, with its text. */
export const fileContents: SeedSource<z.output<typeof schema>> = defineSeedSource({
  type: 'file_contents',
  schema,
  open: async (source, context) =>
    openFolderSeed(contents(await selectFolder(source, context), source.encoding), context),
  stamp: (source, context) =>
    stampIfThere(source, context, (selection) => contents(selection, source.encoding)),
})

function contents(selection: FolderSelection, decode: Decode): FolderReading {
  return {
    columns: [...listingColumns, { name: 'content', type: 'string' }],
    version: 'file_contents 1',
    files: (signal) => walkFolder(selection, signal),
    async *read(file, signal): AsyncGenerator<SeedRow> {
      const { path, relativePath, name } = file
      const content = decode(await readWhole(file, signal))
      // As NeMo Data Designer's Python reads text: lines end with a line feed, whatever wrote them.
      yield ['file_contents', path, relativePath, name, content.replaceAll(/\r\n?/g, '\n')]
    },
    nothing: () => noFiles(selection),
  }
}

async function readWhole({ path, sizeBytes }: FolderFile, signal: AbortSignal): Promise<Buffer> {
  if (sizeBytes > longestRecord) {
    const limit = longestRecord / 1024 / 1024
    throw new SeedFault(
      'file-too-long',
      `the file has ${sizeBytes} bytes, more than ${limit} MiB`,
      {
        suggestion: 'One file is one row: split it, or leave it out with file_pattern.',
      },
    )
  }
  return readFile(path, { signal })
}
