import { z } from 'zod'
import { Double } from '../util/value.ts'
import { parseColumns } from './columns.ts'
import type { DatasetConfig, Literal } from './dataset.ts'
import { checkProfilers, dropColumns, parseProcessors, unsupportedPart } from './later-parts.ts'
import { isList, isMapping, type Mapping } from './literal.ts'
import { parseModels, parseProviders } from './model-lists.ts'
import type { Problem } from './problem.ts'
import { problemsOfZod, withPositions } from './problems.ts'
import { findRoot } from './root.ts'
import { integer, refuse } from './scalars.ts'
import { parseSeedConfig } from './seed-config.ts'
import { parseConfigText, type Locate } from './text.ts'

export interface LoadedDataset {
  /** Null when there are errors. */
  config: DatasetConfig | null
  /** What could be read despite errors, for further checks only; null when too little could. */
  draft: DatasetConfig | null
  /** With file and position, and with paths from the dataset's root. */
  problems: Problem[]
  /** Takes such paths, whether or not the file has `data_designer` around the dataset. */
  locate: Locate
}

/** Reads a dataset config in either form and says everything that is wrong with it. */
export function loadDataset(text: string, { file }: { file: string }): LoadedDataset {
  const { value, problems, locate: locateInFile } = parseConfigText(text, { file })
  if (value === undefined) return { config: null, draft: null, problems, locate: locateInFile }
  const { root, base, problems: rootProblems } = findRoot(value)
  const locate: Locate = (path, options) => locateInFile([...base, ...path], options)
  const found = [...problems, ...withPositions(rootProblems, file, locateInFile)]
  if (root === null) return { config: null, draft: null, problems: found, locate }
  const dataset = readDataset(root)
  found.push(...withPositions(dataset.problems, file, locate))
  const isBroken = found.some(({ level }) => level === 'error')
  return { config: isBroken ? null : dataset.draft, draft: dataset.draft, problems: found, locate }
}

function readDataset(root: Mapping): { draft: DatasetConfig | null; problems: Problem[] } {
  const problems: Problem[] = []
  const part = (key: string): readonly Literal[] => listAt(root, key, problems)
  const columns = parseColumns(part('columns'), ['columns'])
  const models = parseModels(part('model_configs'), ['model_configs'])
  const providers = parseProviders(part('model_providers'), ['model_providers'])
  const processors = part('processors')
  const drops = parseProcessors(processors, ['processors'])
  const seed = parseSeed(root, problems)
  const rows = parseRows(root, problems)
  const seedConfig = isAbsent(root['seed_config'])
    ? { seedConfig: null, problems: [] }
    : parseSeedConfig(root['seed_config'], ['seed_config'])
  for (const read of [columns, models, providers, drops, seedConfig])
    problems.push(...read.problems)
  for (const key of ['tool_configs', 'constraints', 'profilers'] as const) {
    problems.push(...unsupportedPart(key, part(key), []))
  }
  problems.push(...checkProfilers(part('profilers'), ['profilers']))
  const whole = columns.columns.filter((column) => column !== null)
  const isWhole = whole.length === columns.columns.length && isList(root['columns'])
  const draft = {
    columns: dropColumns(whole, drops.dropped),
    model_configs: models.models,
    model_providers: providers.providers,
    seed_config: seedConfig.seedConfig,
    tool_configs: part('tool_configs').filter(isMapping),
    constraints: part('constraints').filter(isMapping),
    profilers: part('profilers').filter(isMapping),
    processors: processors.filter(isMapping),
    seed,
    rows,
  }
  return { draft: isWhole ? draft : null, problems }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

const optionalList = z.array(z.unknown()).nullable().optional()
const listSchemas: Readonly<Record<string, z.ZodType>> = {
  columns: z.object({ columns: z.array(z.unknown()) }),
}

/** The list at a key, empty where there is none; only `columns` has to be written. */
function listAt(root: Mapping, key: string, problems: Problem[]): readonly Literal[] {
  const value = root[key]
  if (isList(value)) return value
  const schema = listSchemas[key] ?? z.object({ [key]: optionalList })
  const result = schema.safeParse(root)
  // Lists are asked for more than once.
  const known = problems.some(({ path }) => path[0] === key)
  if (!result.success && !known) {
    problems.push(...problemsOfZod(result.error, { path: [], value: root }))
  }
  return []
}

const largestSeed = 2n ** 64n - 1n

const seedSchema = z.object({ seed: runSeed().nullable().default(null) })
const rowsSchema = z.object({ rows: integer({ min: 0 }).nullable().default(null) })

function parseSeed(root: Mapping, problems: Problem[]): bigint | null {
  const result = seedSchema.safeParse(root)
  if (result.success) return result.data.seed
  problems.push(...problemsOfZod(result.error, { path: [], value: root }))
  return null
}

function parseRows(root: Mapping, problems: Problem[]): number | null {
  const result = rowsSchema.safeParse(root)
  if (result.success) return result.data.rows
  problems.push(...problemsOfZod(result.error, { path: [], value: root }))
  return null
}

/** All 64 bits, so it is not read as a number. */
function runSeed(): z.ZodType<bigint> {
  const expected = `a whole number from 0 to ${largestSeed}`
  return z.unknown().transform((input, context) => {
    const seed = wholeNumber(input)
    if (seed === undefined) return refuse(context, input, { code: 'wrong-type', expected })
    if (seed >= 0n && seed <= largestSeed) return seed
    return refuse(context, input, { code: 'out-of-range', expected })
  })
}

function wholeNumber(input: unknown): bigint | undefined {
  if (typeof input === 'bigint') return input
  if (typeof input === 'number' && Number.isInteger(input)) return BigInt(input)
  if (input instanceof Double) return BigInt(input.value)
  return typeof input === 'string' && /^\d+$/.test(input) ? BigInt(input) : undefined
}
