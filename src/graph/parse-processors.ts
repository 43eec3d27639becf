import { z } from 'zod'
import { unread } from '../config/columns.ts'
import type { RawColumn } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { capitalized, problemsOfZod } from '../config/problems.ts'
import { readRepaired } from '../config/repair.ts'
import { text } from '../config/scalars.ts'
import { nearest } from '../util/near-miss.ts'
import {
  type Draft,
  type DraftColumn,
  draftColumn,
  type DraftFilter,
  type DraftProcessor,
  subjectOf,
} from './draft.ts'
import { outputProblems } from './check-description.ts'
import { canNameFolder, folderKey } from './folder-name.ts'
import { filterName } from './filter-name.ts'
import { answerOf } from './plugin-failure.ts'
import type { GraphProcessor } from './graph.ts'
import type { ColumnKind } from './kind.ts'
import {
  filterConfig,
  type ProcessorKind,
  type RecordColumn,
  type RecordProcessorKind,
} from './processor-kind.ts'
import { nameFault } from './reserved-names.ts'
import { mayBelongToBroken } from './resolve-references.ts'

/** Reads each processor with its kind's own schema. */
export function parseProcessors(draft: Draft): Problem[] {
  const { dataset, registry } = draft.input
  const kinds = registry.processors
  const problems: Problem[] = []
  const parsed: DraftProcessor[] = []
  const places = new Map<string, number>()
  for (const [index, raw] of dataset.processors.entries()) {
    const path = ['processors', index]
    const { name } = raw
    const subject = typeof name === 'string' ? `processor '${name}'` : `processor ${index + 1}`
    if (typeof name === 'string') {
      const before = places.get(name)
      if (before === undefined) places.set(name, index)
      else problems.push(duplicateName(name, before, index))
    }
    const kind = kindOf(raw, kinds, { path, subject, problems })
    if (kind === null) continue
    const written = { ...raw, processor_type: kind.type }
    const read = readRepaired(kind.schema, written, { path, subject })
    problems.push(...read.problems)
    if (read.value === null) continue
    const number = parsed.filter((other) => other.kind === kind).length + 1
    const title = read.value.name ?? `${kind.type} ${number}`
    parsed.push({ index, title, kind, config: read.value })
  }
  draft.processors = parsed
  return [...problems, ...folderProblems(parsed)]
}

/** Datasets next to the run's own are in folders of their names, on whatever disk. */
function folderProblems(processors: readonly DraftProcessor[]): Problem[] {
  const seen = new Map<string, string>()
  return processors.flatMap(({ index, title, kind }): Problem[] => {
    if (kind.by === 'row' || !isBeside(kind)) return []
    const path = ['processors', index, 'name']
    if (!canNameFolder(title)) return [unfitName(title, path)]
    const key = folderKey(title)
    const other = seen.get(key)
    seen.set(key, other ?? title)
    // Equal names are reported as equal.
    return other === undefined || other === title ? [] : [nearlySameName(other, title, path)]
  })
}

function unfitName(title: string, path: ConfigPath): Problem {
  return {
    level: 'error',
    code: 'wrong-word',
    path,
    message: `The dataset of processor '${title}' is in a folder of its name, and no folder can have that name everywhere`,
    expected: 'a name that a folder can have',
    received: title,
  }
}

function nearlySameName(other: string, title: string, path: ConfigPath): Problem {
  return {
    level: 'error',
    code: 'duplicate-processor',
    path,
    message: `The processors '${other}' and '${title}' make datasets in folders of their names, which are one folder where a disk does not tell upper from lower case`,
    suggestion: 'Rename one of them.',
  }
}

const tagSchema = z.object({ processor_type: text() })

function kindOf(
  raw: Record<string, unknown>,
  kinds: ReadonlyMap<string, ProcessorKind>,
  { path, subject, problems }: { path: ConfigPath; subject: string; problems: Problem[] },
): ProcessorKind | null {
  const tag = tagSchema.safeParse(raw)
  if (!tag.success) {
    problems.push(...problemsOfZod(tag.error, { path, value: raw, schema: tagSchema, subject }))
    return null
  }
  const { processor_type: type } = tag.data
  const kind = kinds.get(type)
  if (kind !== undefined) return kind
  const near = nearest(type, kinds.keys())
  problems.push({
    level: 'error',
    code: 'wrong-word',
    path: [...path, 'processor_type'],
    message: `${capitalized(subject)} has the unknown processor_type '${type}'`,
    expected: `one of ${[...kinds.keys()].join(', ')}`,
    received: type,
    ...(near !== undefined && { suggestion: `Did you mean '${near}'?` }),
  })
  return near === undefined ? null : (kinds.get(near) ?? null)
}

function duplicateName(name: string, before: number, index: number): Problem {
  return {
    level: 'error',
    code: 'duplicate-processor',
    path: ['processors', index, 'name'],
    message: `Processor '${name}' is defined twice: as processors[${before}] and processors[${index}]`,
    suggestion: 'Rename or remove one of them.',
  }
}

/** Adds the columns that reject rows, behind all others: those of columns first, then of processors. */
export function addFilters(draft: Draft): Problem[] {
  const taken = new Map(draft.columns.map((column) => [column.name, column]))
  const problems: Problem[] = []
  const gates = draft.columns.flatMap((column) => gateBehind(column, problems))
  const filters = draft.processors.flatMap((processor) => filterOf(processor, problems))
  const clashes = [...gates, ...filters, ...selectionOf(draft)].flatMap(
    ({ filter, kind, fields, path }): Problem[] => {
      const name = filterName(filter.title)
      const same = taken.get(name)
      if (same !== undefined) {
        return [reservedName(name, filter.title, same.filter === null ? same.path : path)]
      }
      const config = { ...filterConfig(name, kind.type), ...fields }
      const raw: RawColumn = Object.assign(Object.create(null), config)
      const column = draftColumn(raw, path, filter)
      column.kind = kind
      column.config = raw
      draft.columns.push(column)
      // Processors of one name are reported as that.
      if (filter.processor === null) taken.set(name, column)
      return []
    },
  )
  return [...problems, ...clashes]
}

interface NewFilter {
  filter: DraftFilter
  kind: ColumnKind
  fields: object
  path: ConfigPath
}

function gateBehind(column: DraftColumn, problems: Problem[]): NewFilter[] {
  const { name, kind, config, path, isSound } = column
  const gate = kind?.gate
  if (gate === undefined || config === null || !isSound) return []
  const place = subjectOf(column)
  const fields = answerOf(() => gate.fields(config), { path, place, problems })
  if (fields === null) return []
  return [{ filter: { title: name, processor: null }, kind: gate.kind, fields, path }]
}

function filterOf(processor: DraftProcessor, problems: Problem[]): NewFilter[] {
  const { kind, config, index, title } = processor
  if (kind.by !== 'row') return []
  const path = ['processors', index]
  const place = `processor '${title}'`
  const fields = answerOf(() => kind.column.fields(config), { path, place, problems })
  if (fields === null) return []
  return [{ filter: { title, processor }, kind: kind.column.kind, fields, path }]
}

/** What `select` accepts rows by is a filter behind all others. */
function selectionOf({ input: { dataset, registry } }: Draft): NewFilter[] {
  const { select, processors } = dataset
  const kind = registry.processors.get('filter')
  if (select === null || select.where === null || kind?.by !== 'row') return []
  const config = { name: selectionTitle, processor_type: kind.type }
  const processor = { index: processors.length, title: selectionTitle, kind, config }
  return [
    {
      filter: { title: selectionTitle, processor },
      kind: kind.column.kind,
      fields: { when: select.where, code: 'not-selected', field: 'where' },
      path: ['select'],
    },
  ]
}

const selectionTitle = 'select.where'

/** What a selection counts must be known while rows are made: by each record and those before it. */
export function checkSelection({ input, processors }: Draft): Problem[] {
  if (input.dataset.select === null) return []
  const steps = processors.flatMap(({ kind, title, index }) =>
    kind.by === 'row' || isBeside(kind) ? [] : [{ kind, title, index }],
  )
  const last = steps.findLastIndex(({ kind }) => orderOf(kind) === 'leaves-out')
  const behind = steps[last]
  return steps.slice(0, Math.max(0, last)).flatMap(({ kind, title, index }): Problem[] => {
    if (orderOf(kind) !== null) return []
    return [
      {
        level: 'error',
        code: 'uncountable-selection',
        path: ['processors', index],
        message: `'${title}' precedes '${behind?.title}', whose records 'select' counts, but it needs all records before it returns one`,
        expected: "processors that go record by record before the last one that 'select' counts",
        suggestion: `Move '${title}' behind '${behind?.title}'.`,
      },
    ]
  })
}

/** What a processor does to the records of the first rows, which no later row changes; null if they do. */
export function orderOf(kind: RecordProcessorKind): 'keeps-all' | 'leaves-out' | null {
  if (kind.keepsRecords === true) return 'keeps-all'
  return kind.inOrder ?? null
}

function reservedName(name: string, title: string, path: ConfigPath): Problem {
  return {
    level: 'error',
    code: 'reserved-name',
    path: [...path, 'name'],
    message: `'${name}' is the name under which the run stores the verdict of '${title}'`,
    suggestion: 'Rename the column or the filter.',
  }
}

/** Asks each processor of records what it makes of the columns that come in. */
export function processColumns(draft: Draft): Problem[] {
  let isDropped = new Set(draft.columns.filter(({ raw }) => raw.drop).map(({ name }) => name))
  const leftOut = new Map<string, string>()
  const problems: Problem[] = []
  const steps: GraphProcessor[] = []
  let columns = recordColumns(draft)
  for (const { index, title, kind, config } of draft.processors) {
    if (kind.by === 'row') continue
    const context = {
      path: ['processors', index],
      leftOut,
      isUncertain: (name: string) => mayBelongToBroken(draft, name),
    }
    const made = answerOf(() => kind.output(config, columns, context), {
      path: context.path,
      place: `processor '${title}'`,
      problems,
    })
    const wrong =
      made === null
        ? []
        : outputProblems(made, {
            path: [...context.path, 'processor_type'],
            who: `Processor '${title}': output() of the kind '${kind.type}'`,
          })
    problems.push(...wrong)
    // What comes into those behind it is not known.
    if (made === null || wrong.length > 0) break
    problems.push(...(made.problems ?? []), ...nameProblems(made.columns, title, context.path))
    for (const name of made.reads ?? columns.map((column) => column.name)) {
      draft.readByProcessors.add(name)
    }
    const origin = draft.input.registry.processorOriginOf(kind.type)
    steps.push({ title, kind, config, origin, input: columns, output: made.columns })
    if (isBeside(kind)) continue
    const left = new Set(made.columns.map(({ name }) => name))
    for (const { name } of columns) if (!left.has(name)) leftOut.set(name, title)
    columns = [...made.columns]
    const { renames } = made
    if (renames !== undefined) {
      isDropped = new Set([...isDropped].map((name) => renames.get(name) ?? name))
    }
  }
  draft.steps = steps
  draft.output = columns.filter(({ name }) => !isDropped.has(name))
  return problems
}

/** Columns of a processor's records that no file can have next to each other. */
function nameProblems(
  columns: readonly RecordColumn[],
  title: string,
  path: ConfigPath,
): Problem[] {
  const seen = new Set<string>()
  return columns.flatMap(({ name }): Problem[] => {
    const fault = nameFault(name)
    const isTwice = seen.has(name)
    seen.add(name)
    if (fault === null && !isTwice) return []
    return [
      {
        level: 'error',
        code: isTwice ? 'duplicate-column' : 'reserved-name',
        path,
        message: isTwice
          ? `Processor '${title}' makes two columns named '${name}'`
          : `Processor '${title}' makes the column '${name}', which ${fault}`,
        suggestion: 'Give the column another name.',
      },
    ]
  })
}

export function isBeside(kind: RecordProcessorKind): boolean {
  return kind.keepsRecords !== true && kind.beside === true
}

/** What rows have: columns with their sides, not those behind filters. */
function recordColumns({ columns }: Draft): RecordColumn[] {
  return columns.flatMap(({ name, description, filter }): RecordColumn[] => {
    if (filter !== null || name === unread) return []
    const sides = (description?.sides ?? []).map((side) => ({ name: side.name, type: side.output }))
    return [{ name, type: description?.output ?? 'string' }, ...sides]
  })
}
