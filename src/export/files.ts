import type { Stats } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { DatasetPass } from '../processors/dataset-pass.ts'
import { partColumn } from '../store/part-names.ts'
import type { RunStore } from '../store/run-store.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Exporter } from './define.ts'
import { exporters as formats } from './formats.ts'
import { copyMedia } from './copy-media.ts'
import { type FieldMap, trainingExporter, trainingFormNames } from './training-forms.ts'
import { createTextWriter, type ExportedFile } from './text-writer.ts'
import { nearest } from '../util/near-miss.ts'

/** `parquet`, a form of training data such as `chat`, or the name of an exporter: `jsonl`, `csv`, or one of a plugin. */
export type ExportFormat = 'parquet' | 'jsonl' | 'csv' | (string & {})

type Exporters = ReadonlyMap<string, Exporter>

export interface ExportFilesOptions {
  format?: ExportFormat | undefined
  /** What is exported: its columns, and what makes it of the parts' records. */
  dataset: { pass: DatasetPass | null; columns: readonly RecordColumn[] }
  /** All text forms there are, by their names; asked for where none of the built-in ones is meant. */
  exporters: () => Promise<Exporters>
  /** For a form of training data: which column is which of its fields. */
  map?: FieldMap | undefined
  /** A column: each of its values gets files of its own, named after it, in a folder. */
  splitBy?: string | undefined
  /** Called now and then while a text file is written. */
  onProgress?: (rows: number, totalRows: number) => void
}

/** Writes every record of a run's parts: Parquet files into a folder, or one text file. */
export async function exportFiles(
  store: RunStore,
  to: string,
  {
    format,
    dataset,
    exporters: all,
    map,
    splitBy,
    onProgress = () => undefined,
  }: ExportFilesOptions,
): Promise<ExportedFile[]> {
  const target = resolve(to)
  const found = await stat(target).catch(() => null)
  const isTraining = format !== undefined && trainingFormNames.includes(format)
  if (map !== undefined && !isTraining) throw mapWithoutForm()
  const exporters = isTraining
    ? new Map([[format, trainingExporter(format, dataset.columns, map ?? {})]])
    : isBuiltIn(to, format)
      ? builtIn
      : await all()
  const chosen = format ?? formatOf(to, found?.isDirectory() === true, exporters)
  const exporter = exporters.get(chosen)
  if (exporter === undefined && chosen !== 'parquet') throw unknownFormat(chosen, exporters)
  const by = splitBy === undefined ? null : partColumn(dataset.columns, splitBy)
  if (by !== null && exporter !== undefined) refuseFileName(to, exporter)
  refuseOtherThing(target, { format: chosen, isSplit: by !== null }, found)
  if (exporter === undefined) {
    // Behind a link the folder may be on another disk, where no file can be renamed to.
    const directory = found === null ? target : await realpath(target)
    const files = await store.join({
      directory,
      ...(by === null
        ? { pass: dataset.pass }
        : { pass: dataset.pass ?? unchanged(dataset.columns), splitBy: by }),
    })
    await copyMedia(store, directory, dataset)
    return files.map(({ path, rows }) => ({ path, rows }))
  }
  const written = await store.withJoined((files) => {
    const paths = files.map(({ path }) => path)
    const totalRows = files.reduce((sum, file) => sum + file.rows, 0)
    const text = createTextWriter(dataset.columns, paths, {
      exporter,
      onProgress: (rows) => onProgress(rows, totalRows),
    })
    return by === null ? text.write(target).then((file) => [file]) : text.split(target, by.name)
  }, dataset.pass)
  if (by !== null) await copyMedia(store, target, dataset)
  else if ((await stat(target)).isFile()) await copyMedia(store, dirname(target), dataset)
  return written
}

const builtIn: Exporters = new Map(formats.map((exporter) => [exporter.name, exporter]))

/** Whether a form is meant that no plugin brings. */
function isBuiltIn(to: string, format: ExportFormat | undefined): boolean {
  if (format !== undefined) return format === 'parquet' || builtIn.has(format)
  const ending = extname(to).toLowerCase()
  return (
    ending === '' ||
    ending === '.parquet' ||
    formats.some(({ endings }) => endings.includes(ending))
  )
}

function mapWithoutForm(): RowsmithError {
  return new RowsmithError(
    'usage',
    'a map says which column is which field of a form of training data',
    {
      hints: [`Name the form: --format ${trainingFormNames.join(', ')}.`],
    },
  )
}

function unknownFormat(format: string, exporters: Exporters): RowsmithError {
  const known = ['parquet', ...exporters.keys(), ...trainingFormNames]
  const meant = nearest(format, known)
  return new RowsmithError('usage', `there is no export format '${format}'`, {
    hints: [
      ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
      `There are ${known.join(', ')}; a plugin can bring others.`,
    ],
  })
}

/** A name without an ending, or one like `v1.2` whose ending is a number, is that of a folder. */
function formatOf(path: string, isFolder: boolean, exporters: Exporters): ExportFormat {
  const ending = extname(path).toLowerCase()
  const format = [...exporters.values()].find(({ endings }) => endings.includes(ending))
  if (format !== undefined) return format.name
  if (ending === '.parquet') {
    throw new RowsmithError(
      'usage',
      `Parquet files are exported into a folder, got the file name ${path}`,
      {
        hints: ['Give a folder; files in it are named train-00000-of-0000N.parquet.'],
      },
    )
  }
  const isWord = /^\.[a-z0-9_-]+$/.test(ending) && !/^\.v?\d+$/.test(ending)
  if (isFolder || /[/\\]$/.test(path) || !isWord) return 'parquet'
  throw unknownEnding(path, ending, exporters)
}

function unknownEnding(path: string, ending: string, exporters: Exporters): RowsmithError {
  const known = [...exporters.values()].flatMap(({ endings }) => endings)
  // `data.jsonl.gz`: what stands in front is the name to give.
  const inner = extname(path.slice(0, -ending.length)).toLowerCase()
  const meant = known.includes(inner) ? inner : nearest(ending, known)
  return new RowsmithError('usage', `${path} ends in ${ending}, which names no export format`, {
    hints: [
      ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
      `Give a file name ending in ${known.join(', ')}, a folder for Parquet (with / at its end, or --format parquet), or say the --format.`,
    ],
  })
}

/** Parts of a dataset go into a folder, and its name is not theirs. */
function refuseFileName(to: string, { name, endings }: Exporter): void {
  if (!endings.includes(extname(to).toLowerCase()) && to !== '/dev/stdout') return
  throw new RowsmithError(
    'usage',
    `a dataset that is split goes into several files, and ${to} is the name of one`,
    { hints: [`Give a folder, and --format ${name}.`] },
  )
}

/** A folder where a file would be, or a file where a folder would be, is the user's own. */
function refuseOtherThing(
  target: string,
  { format, isSplit }: { format: ExportFormat; isSplit: boolean },
  found: Stats | null,
): void {
  if (found === null) return
  if ((format === 'parquet' || isSplit) && !found.isDirectory()) {
    throw new RowsmithError(
      'usage',
      `${isSplit ? 'A dataset that is split is' : 'Parquet files are'} exported into a folder, and ${target} is a file`,
      {
        hints: [
          isSplit
            ? 'Give a folder.'
            : 'Give a folder, a file name ending in .jsonl or .csv, or say the --format of the text.',
        ],
      },
    )
  }
  if (format !== 'parquet' && !isSplit && found.isDirectory()) {
    throw new RowsmithError(
      'usage',
      `${format} is exported into one file, and ${target} is a folder`,
      {
        hints: [`Give a file name, such as ${join(target, `data.${format}`)}.`],
      },
    )
  }
}

/** The records as they are. */
function unchanged(columns: readonly RecordColumn[]): DatasetPass {
  return { identity: '', columns, input: columns, run: (records) => records }
}
