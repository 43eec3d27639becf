import { parseDocument, stringify } from 'yaml'
import type { ColumnType } from '../graph/column-type.ts'
import { isVectorType } from '../graph/column-type.ts'
import type { RecordColumn } from '../graph/processor-kind.ts'

/** A dataset of a repository: the run's own, or one beside it. */
export interface PushedDataset {
  /** Its name among the configs of the repository. */
  readonly name: string
  /** Folder of its files in the repository. */
  readonly folder: string
  /** Null of one whose columns are not known: an older version made it. */
  readonly columns: readonly RecordColumn[] | null
  readonly rows: number
  readonly bytes: number
}

/** What the Hub reads of a card: which files are which dataset, their columns, their sizes. */
export function frontMatter(title: string, datasets: readonly PushedDataset[]): object {
  const [own] = datasets
  return {
    pretty_name: title,
    tags: ['synthetic', 'rowsmith'],
    size_categories: [sizeCategory(own?.rows ?? 0)],
    configs: datasets.map(({ name, folder }, at) => ({
      config_name: name,
      ...(at === 0 ? { default: true } : {}),
      data_files: [{ split: 'train', path: `${folder}/train-*.parquet` }],
    })),
    dataset_info: datasets.map(({ name, columns, rows, bytes }) => ({
      config_name: name,
      ...(columns === null
        ? {}
        : {
            features: columns.map((column) => ({ name: column.name, ...featureOf(column.type) })),
          }),
      splits: [{ name: 'train', num_bytes: bytes, num_examples: rows }],
      download_size: bytes,
      dataset_size: bytes,
    })),
  }
}

/** A column as the library `datasets` names its type. */
function featureOf(type: ColumnType): { dtype: string } | { sequence: string } {
  switch (type) {
    case 'string':
    case 'json':
    case 'media':
      return { dtype: 'string' }
    case 'int64':
    case 'float64':
    case 'bool':
      return { dtype: type }
    case 'date':
      return { dtype: 'date32' }
    case 'timestamp':
      return { dtype: 'timestamp[us]' }
    case 'timestamp_utc':
      return { dtype: 'timestamp[us, tz=UTC]' }
    case 'timestamp_ns':
      return { dtype: 'timestamp[ns]' }
    case 'timestamp_ns_utc':
      return { dtype: 'timestamp[ns, tz=UTC]' }
    default: {
      if (!isVectorType(type)) throw new Error(`there is no feature for ${String(type)}`)
      return { sequence: 'float32' }
    }
  }
}

const categories: readonly (readonly [number, string])[] = [
  [1e3, 'n<1K'],
  [1e4, '1K<n<10K'],
  [1e5, '10K<n<100K'],
  [1e6, '100K<n<1M'],
  [1e7, '1M<n<10M'],
  [1e8, '10M<n<100M'],
  [1e9, '100M<n<1B'],
  [1e10, '1B<n<10B'],
]

function sizeCategory(rows: number): string {
  return categories.find(([below]) => rows < below)?.[1] ?? '10B<n<100B'
}

const begins = '<!-- rowsmith: this part is written again by every push -->'
const ends = '<!-- rowsmith: end of this part -->'

/**
 * A card around what this push has to say. What people wrote into the card of the repository stays:
 * fields of its front matter such as `license`, and the text before and after our part.
 */
export function cardText(front: object, part: string, before: string | null): string {
  const { fields, body } = readCard(before ?? '')
  const merged: Record<string, unknown> = { ...fields, ...front }
  const { tags } = fields
  if (Array.isArray(tags)) {
    const own = Reflect.get(front, 'tags') as unknown[]
    merged['tags'] = [...new Set([...(tags as unknown[]), ...own])]
  }
  if (typeof fields['pretty_name'] === 'string') merged['pretty_name'] = fields['pretty_name']
  const text = `${begins}\n\n${part}\n\n${ends}`
  return `---\n${stringify(merged, { lineWidth: 0 })}---\n\n${placed(text, body)}\n`
}

function placed(text: string, body: string): string {
  const [from, to] = [body.indexOf(begins), body.indexOf(ends)]
  if (from >= 0 && to > from) return body.slice(0, from) + text + body.slice(to + ends.length)
  return body === '' ? text : `${body}\n\n${text}`
}

/** A card that a person wrote may have no front matter, or one that is no YAML: that is text then. */
function readCard(text: string): { fields: Readonly<Record<string, unknown>>; body: string } {
  const [whole = '', yaml] = /^---\r?\n([^]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text) ?? []
  if (yaml === undefined) return { fields: {}, body: text.trim() }
  const document = parseDocument(yaml)
  const fields: unknown = document.errors.length > 0 ? null : document.toJS()
  const isMapping = typeof fields === 'object' && fields !== null && !Array.isArray(fields)
  if (!isMapping) return { fields: {}, body: text.trim() }
  return { fields: fields as Record<string, unknown>, body: text.slice(whole.length).trim() }
}
