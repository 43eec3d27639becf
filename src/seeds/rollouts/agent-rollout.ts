import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { z } from 'zod'
import { flag, oneOf } from '../../config/scalars.ts'
import { isMissing } from '../../threads/system-error.ts'
import { JsonSyntaxError, parseJson } from '../../util/json.ts'
import { defineSeedSource, SeedFault, type SeedContext, type SeedSource } from '../define.ts'
import { noFiles, selectFolder } from '../directory.ts'
import { type FolderFile, type FolderSelection, walkFolder } from '../folder.ts'
import {
  filePattern,
  folderPath,
  type FolderReading,
  openFolderSeed,
  stampFolderSeed,
} from '../folder-seed.ts'
import { longestRecord } from '../formats/define.ts'
import { decoderFor } from '../text-encoding.ts'
import { atif } from './atif.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { hermesAgent } from './hermes-agent.ts'
import { piCodingAgent } from './pi-coding-agent.ts'
import type { RolloutFormat } from './rollout-format.ts'
import { type Fields, isObject, MalformedRollout, rolloutColumns, rowOf } from './rollout.ts'

const formats = [atif, claudeCode, codex, hermesAgent, piCodingAgent]

const schema = z
  .object({
    seed_type: oneOf(['agent_rollout']).describe('Kind of source.'),
    format: oneOf(formats.map(({ name }) => name)).describe('The program that wrote the sessions.'),
    path: folderPath()
      .nullish()
      .describe("The folder with the sessions; by default, the agent's own folder."),
    file_pattern: filePattern()
      .nullish()
      .describe('A pattern of file names; by default, that of the format.'),
    recursive: flag().default(true).describe('Also those of the folders below.'),
  })
  .describe('Sessions of coding agents.')

type Source = z.output<typeof schema>

/** A row for each session of an agent. */
export const agentRollout: SeedSource<Source> = defineSeedSource({
  type: 'agent_rollout',
  schema,
  open: async (source, context) => openFolderSeed(await sessionsOf(source, context), context),
  async stamp(source, context) {
    try {
      return await stampFolderSeed(await sessionsOf(source, context), context)
    } catch (error) {
      if (isMissing(error) || (error instanceof SeedFault && error.code === 'seed-missing')) {
        return null
      }
      throw error
    }
  },
})

async function sessionsOf(source: Source, context: SeedContext): Promise<FolderReading> {
  const format = formats.find(({ name }) => name === source.format)
  if (format === undefined) throw new Error(`no format is called ${source.format}`)
  const path = source.path ?? format.path
  if (path === null) {
    throw new SeedFault('missing-field', `path is needed for format ${format.name}`, {
      suggestion: 'Give the folder with the trajectories; no agent has a default folder for them.',
    })
  }
  const pattern = source.file_pattern ?? format.pattern
  const folder = await selectFolder(
    { path, file_pattern: pattern, recursive: source.recursive },
    context,
  )
  return reading(format, folder)
}

function reading(format: RolloutFormat, selection: FolderSelection): FolderReading {
  return {
    columns: rolloutColumns,
    version: `agent_rollout ${format.name} 1`,
    async *files(signal) {
      for await (const file of walkFolder(selection, signal)) {
        if (format.isRead(file)) yield { ...file, mark: await markOf(file, format) }
      }
    },
    async *read(file, signal, note) {
      try {
        for (const rollout of await format.read(await readSession(file, signal))) {
          yield rowOf(rollout, format.name, file.path)
        }
      } catch (error) {
        if (!(error instanceof MalformedRollout)) throw error
        note({
          code: 'malformed-rollout',
          message: `The session ${file.path} is omitted: ${error.message}`,
          suggestion: 'Leave it out with file_pattern, or remove it.',
        })
      }
    },
    nothing: (files) =>
      files === 0
        ? noFiles(selection)
        : new SeedFault(
            'empty-seed',
            `none of the ${files} files of ${selection.folder} is a session of ${format.name}`,
            {
              suggestion: 'Check format: it says which agent wrote the files.',
            },
          ),
  }
}

async function markOf({ path, mark }: FolderFile, { beside }: RolloutFormat): Promise<string> {
  if (beside === undefined) return mark
  const { size, mtimeNs } = await stat(join(dirname(path), beside), { bigint: true }).catch(
    (error: unknown) => {
      if (isMissing(error)) return { size: 0n, mtimeNs: 0n }
      throw error
    },
  )
  return `${mark}, ${beside} ${size} bytes, changed ${mtimeNs}`
}

async function readSession({ path, name, sizeBytes }: FolderFile, signal: AbortSignal) {
  if (sizeBytes > longestRecord) throw new MalformedRollout('it has more than 64 MiB')
  const bytes = await readFile(path, { signal })
  const text = textOfSession(bytes)
  const isLines = name.endsWith('.jsonl')
  const records = isLines
    ? text.split('\n').flatMap((line, at) => (line.trim() === '' ? [] : [objectIn(line, at + 1)]))
    : [objectIn(text, 1)]
  if (records.length === 0) throw new MalformedRollout('it is empty')
  return { records, name, stem: basename(name, extname(name)), folder: dirname(path) }
}

function textOfSession(bytes: Buffer): string {
  try {
    return decoderFor('utf-8')?.(bytes) ?? ''
  } catch (error) {
    if (error instanceof SeedFault) throw new MalformedRollout('it is not UTF-8', { cause: error })
    throw error
  }
}

function objectIn(text: string, line: number): Fields {
  try {
    const value = parseJson(text)
    if (isObject(value)) return value
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw new MalformedRollout(`line ${line + error.line - 1} is not JSON`, { cause: error })
  }
  throw new MalformedRollout(`line ${line} is not a JSON object`)
}
