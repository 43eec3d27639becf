import { dirname } from 'node:path'
import { plainRecord } from '../export/plain.ts'
import { isVectorType, type ColumnType } from '../graph/column-type.ts'
import type { PageRecord, PageRecords } from '../profile/page-records.ts'
import type { ColumnStatistics } from '../profile/statistics.ts'
import { figure, grouped } from '../util/format.ts'
import { visible } from '../util/visible.ts'
import { createMediaEmbedder, type MediaEmbedder } from './page-media.ts'
import { type RecordFiles, sampleRecords } from './sample-records.ts'

/** Records of a page, and the characters of all of them: a browser opens it at once. */
const mostRecords = 1_000
const mostCharacters = 4_000_000
/** Characters of a text, and of a structured value as JSON; the rest is cut off. */
const mostOfText = 20_000
const mostOfValue = 60_000

export interface PageSampleOptions {
  /** The run folder. */
  directory: string
  /** The path of the page. */
  path: string
  files: RecordFiles
  columns: readonly Pick<ColumnStatistics, 'name' | 'type'>[]
  /** Languages of columns of code. */
  languages: ReadonlyMap<string, string>
  /** Records of the dataset. */
  total: number
}

/** Some records for the page, from all over the dataset: as many as it has room for. */
export async function pageSample(options: PageSampleOptions): Promise<PageRecords> {
  const { directory, path, files, columns, languages, total } = options
  const types = new Map<string, ColumnType>(columns.map(({ name, type }) => [name, type]))
  const media = createMediaEmbedder(directory, dirname(path))
  const records: PageRecord[] = []
  let characters = 0
  for await (const { at, values } of sampleRecords(files, types, mostRecords)) {
    const plain = plainRecord(values)
    const cells = columns.map(({ name, type }) => cellOf(plain[name] ?? null, type))
    characters += JSON.stringify(cells, replaced).length
    records.push({ at, cells })
  }
  const every = Math.ceil(Math.max(1, characters) / mostCharacters)
  const kept = records.filter((_, at) => at % every === 0)
  return {
    columns: columns.map(({ name, type }) => ({
      name,
      type,
      code: languages.get(name) ?? null,
      isMedia: type === 'media',
    })),
    records: await withMedia(kept, columns, media),
    total,
    isByRow: Number.isFinite(files.below),
    folder: directory,
  }
}

async function withMedia(
  records: readonly PageRecord[],
  columns: PageSampleOptions['columns'],
  media: MediaEmbedder,
): Promise<readonly PageRecord[]> {
  if (!columns.some(({ type }) => type === 'media')) return records
  const made: PageRecord[] = []
  for (const { at, cells } of records) {
    const shown: unknown[] = []
    for (const [index, cell] of cells.entries()) {
      const isFiles = columns[index]?.type === 'media' && cell !== null
      shown.push(isFiles ? await media.filesOf([cell].flat().map(String)) : cell)
    }
    made.push({ at, cells: shown })
  }
  return made
}

function cellOf(value: unknown, type: ColumnType): unknown {
  if (isVectorType(type)) return vectorText(value)
  if (typeof value === 'string') return cutText(value, mostOfText)
  if (value === null || typeof value !== 'object' || type === 'media') return scalarOf(value)
  const text = JSON.stringify(value, replaced)
  return text.length > mostOfValue ? cutText(text, mostOfText) : shownValue(value)
}

/** Texts of a value are made visible, wherever they stand; so are the names of fields. */
function shownValue(value: unknown): unknown {
  if (typeof value === 'string') return visible(value)
  if (Array.isArray(value)) return value.map(shownValue)
  if (value === null || typeof value !== 'object') return scalarOf(value)
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [visible(name), shownValue(inner)]),
  )
}

/** JSON has neither large integers nor infinities. */
function scalarOf(value: unknown): unknown {
  const isExact = typeof value !== 'bigint' && (typeof value !== 'number' || Number.isFinite(value))
  return isExact ? value : String(value)
}

function replaced(_: string, value: unknown): unknown {
  return scalarOf(value)
}

function cutText(text: string, most: number): string {
  const shown = visible(text.slice(0, most).toWellFormed())
  return text.length <= most
    ? shown
    : `${shown}… (${grouped(text.length - most)} more characters; rowsmith export has them)`
}

const shownNumbers = 4

function vectorText(value: unknown): string | null {
  if (!Array.isArray(value)) return null
  const first = value.slice(0, shownNumbers).map((number) => figure(Number(number)))
  return value.length <= shownNumbers
    ? `[${first.join(', ')}]`
    : `[${first.join(', ')}, … ${grouped(value.length)} numbers]`
}
