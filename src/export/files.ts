import { createReadStream, type Stats } from 'node:fs'
import { mkdir, realpath, stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import type { RecordColumn } from '../graph/processor-kind.ts'
import type { DatasetPass } from '../processors/dataset-pass.ts'
import { partColumn } from '../store/part-names.ts'
import type { RunStore } from '../store/run-store.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Exporter } from './define.ts'
import { exporters as formats } from './formats.ts'
import { copyMedia } from './copy-media.ts'
import { refuseReplacing } from './refuse-replacing.ts'
import { type FieldMap, trainingExporter, trainingFormNames } from './training-forms.ts'
import { arrowFile, arrowStream } from './arrow-form.ts'
import { type FileForm, textForm } from './file-form.ts'
import { createFormWriter, type ExportedFile } from './form-writer.ts'
import { storageError } from '../threads/storage-error.ts'
import { nearest } from '../util/near-miss.ts'
import { writeTarget } from './write-target.ts'

/**
 * `parquet`, `arrow`, `arrow-stream`, a form of training data such as `chat`, or the name of an exporter:
 * `jsonl`, `csv`, or one of a plugin.
 */
export type ExportFormat = 'parquet' | 'arrow' | 'arrow-stream' | 'jsonl' | 'csv' | (string & {})

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
  /** Files that are there already are replaced. */
  force?: boolean | undefined
  /** Called now and then while a text file is written. */
  onProgress?: (rows: number, totalRows: number) => void
}

/** Writes every record of a run's parts: Parquet files into a folder, or one file of Parquet or text. */
export async function exportFiles(
  store: RunStore,
  to: string,
  {
    format,
    dataset,
    exporters: all,
    map,
    splitBy,
    force = false,
    onProgress = () => undefined,
  }: ExportFilesOptions,
): Promise<ExportedFile[]> {
  const target = resolve(to)
  const found = await stat(target).catch(() => null)
  const isTraining = format !== undefined && trainingFormNames.includes(format)
  if (map !== undefined && !isTraining) throw mapWithoutForm()
  const forms: Forms = isTraining
    ? new Map([[format, textForm(trainingExporter(format, dataset.columns, map ?? {}))]])
    : isBuiltIn(to, format)
      ? builtIn
      : formsOf((await all()).values())
  const chosen = format ?? formatOf(to, found?.isDirectory() === true, forms)
  const form = forms.get(chosen)
  if (form === undefined && chosen !== 'parquet') throw unknownFormat(chosen, forms)
  const by = splitBy === undefined ? null : partColumn(dataset.columns, splitBy)
  if (by !== null && found?.isDirectory() !== true) refuseFileName(to, form)
  const inOneFile = by === null && (form !== undefined || isParquetFile(to, found))
  refuseOtherThing(target, { format: chosen, inOneFile }, found)
  if (inOneFile && !force) await refuseReplacing([target])
  if (form === undefined && inOneFile) return [await writeOneParquet(store, target, dataset)]
  if (form === undefined) {
    // Behind a link the folder may be on another disk, where no file can be renamed to.
    const directory = found === null ? target : await realpath(target)
    const files = await store.join({
      directory,
      force,
      ...(by === null
        ? { pass: dataset.pass }
        : { pass: dataset.pass ?? unchanged(dataset.columns), splitBy: by }),
    })
    await copyMedia(store, directory, dataset)
    return files.map(({ path, rows }) => ({ path, rows }))
  }
  const written = await store.withJoined({ pass: dataset.pass }, (files) => {
    const paths = files.map(({ path }) => path)
    const totalRows = files.reduce((sum, file) => sum + file.rows, 0)
    const writer = createFormWriter(dataset.columns, paths, {
      form,
      force,
      onProgress: (rows) => onProgress(rows, totalRows),
    })
    return by === null ? writer.write(target).then((file) => [file]) : writer.split(target, by.name)
  })
  if (by !== null) await copyMedia(store, target, dataset)
  else await copyMediaBeside(store, target, dataset)
  return written
}

async function writeOneParquet(
  store: RunStore,
  target: string,
  dataset: ExportFilesOptions['dataset'],
): Promise<ExportedFile> {
  const rows = await store.withJoined({ pass: dataset.pass, inOneFile: true }, async (files) => {
    try {
      await mkdir(dirname(target), { recursive: true })
    } catch (error) {
      throw storageError(error, `writing ${target}`)
    }
    for (const { path } of files) await writeTarget(target, createReadStream(path))
    return files.reduce((sum, file) => sum + file.rows, 0)
  })
  await copyMediaBeside(store, target, dataset)
  return { path: target, rows }
}

/** Into the folder of a file; beside a pipe nobody looks for them. */
async function copyMediaBeside(
  store: RunStore,
  file: string,
  dataset: ExportFilesOptions['dataset'],
): Promise<void> {
  if ((await stat(file)).isFile()) await copyMedia(store, dirname(file), dataset)
}

/** Whether a path names one Parquet file, and no folder. */
function isParquetFile(path: string, found: Stats | null): boolean {
  if (extname(path).toLowerCase() !== '.parquet' || /[/\\]$/.test(path)) return false
  return found === null || !found.isDirectory()
}

type Forms = ReadonlyMap<string, FileForm>

const arrowForms = [arrowFile, arrowStream]

/** Every form there is but Parquet and those of training data. */
function formsOf(exporters: Iterable<Exporter>): Forms {
  return new Map([...[...exporters].map(textForm), ...arrowForms].map((form) => [form.name, form]))
}

const builtIn = formsOf(formats)

/** Whether a form is meant that no plugin brings. */
function isBuiltIn(to: string, format: ExportFormat | undefined): boolean {
  if (format !== undefined) return format === 'parquet' || builtIn.has(format)
  const ending = extname(to).toLowerCase()
  return (
    ending === '' ||
    ending === '.parquet' ||
    [...builtIn.values()].some(({ endings }) => endings.includes(ending))
  )
}

function mapWithoutForm(): RowsmithError {
  return new RowsmithError(
    'usage',
    '--map works only with a format of training data: it maps the fields of the format to columns',
    {
      hints: [`Name the form: --format ${trainingFormNames.join(', ')}.`],
    },
  )
}

function unknownFormat(format: string, forms: Forms): RowsmithError {
  const known = ['parquet', ...forms.keys(), ...trainingFormNames]
  const meant = nearest(format, known)
  return new RowsmithError('usage', `there is no export format '${format}'`, {
    hints: [
      ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
      `There are ${known.join(', ')}; a plugin can bring others.`,
    ],
  })
}

/** A name without an ending, or one like `v1.2` whose ending is a number, is that of a folder. */
function formatOf(path: string, isFolder: boolean, forms: Forms): ExportFormat {
  const ending = extname(path).toLowerCase()
  const format = [...forms.values()].find(({ endings }) => endings.includes(ending))
  if (format !== undefined) return format.name
  if (ending === '.parquet') return 'parquet'
  const isWord = /^\.[a-z0-9_-]+$/.test(ending) && !/^\.v?\d+$/.test(ending)
  if (isFolder || /[/\\]$/.test(path) || !isWord) return 'parquet'
  throw unknownEnding(path, ending, forms)
}

function unknownEnding(path: string, ending: string, forms: Forms): RowsmithError {
  const known = [...forms.values()].flatMap(({ endings }) => endings)
  // `data.jsonl.gz`: what stands in front is the name to give.
  const inner = extname(path.slice(0, -ending.length)).toLowerCase()
  const meant = known.includes(inner) ? inner : nearest(ending, known)
  return new RowsmithError('usage', `${path} ends in ${ending}, which names no export format`, {
    hints: [
      ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
      `Give a file name ending in ${[...known, '.parquet'].join(', ')}, a folder for Parquet (with / at its end, or --format parquet), or give --format.`,
    ],
  })
}

/** Parts of a dataset go into a folder, and its name is not theirs. */
function refuseFileName(to: string, form: FileForm | undefined): void {
  const { name, endings } = form ?? { name: 'parquet', endings: ['.parquet'] }
  if (!endings.includes(extname(to).toLowerCase()) && to !== '/dev/stdout') return
  throw new RowsmithError('usage', `a split dataset is several files, and ${to} names one file`, {
    hints: [`Give a folder, and --format ${name}.`],
  })
}

/** A folder where a file would be, or a file where a folder would be, is the user's own. */
function refuseOtherThing(
  target: string,
  { format, inOneFile }: { format: ExportFormat; inOneFile: boolean },
  found: Stats | null,
): void {
  if (found === null) return
  if (!inOneFile && !found.isDirectory()) {
    const isParquet = format === 'parquet'
    throw new RowsmithError(
      'usage',
      `${isParquet ? 'Parquet files are' : 'A split dataset is'} exported into a folder, and ${target} is a file`,
      {
        hints: [
          isParquet
            ? 'Give a folder, a file name ending in .parquet, .arrow, .jsonl or .csv, or give --format.'
            : 'Give a folder.',
        ],
      },
    )
  }
  if (inOneFile && found.isDirectory()) {
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
