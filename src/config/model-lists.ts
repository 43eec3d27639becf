import { z } from 'zod'
import type { Literal, ModelConfig, ModelProvider } from './dataset.ts'
import { isList, isMapping, quoted } from './literal.ts'
import { parseProvider } from './model-providers.ts'
import { defaultParameters, parseModel } from './models.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod, withPositions } from './problems.ts'
import { type Locate, parseConfigText } from './text.ts'

/** Reads `model_configs`. A model that is wrong keeps its alias, so that nothing else misses it. */
export function parseModels(
  items: readonly unknown[],
  path: ConfigPath,
): { models: ModelConfig[]; problems: Problem[] } {
  const models: ModelConfig[] = []
  const problems: Problem[] = []
  for (const [index, value] of items.entries()) {
    const parsed = parseModel(value, [...path, index])
    problems.push(...parsed.problems)
    const alias = isMapping(value) ? value['alias'] : undefined
    if (parsed.model !== null) models.push(parsed.model)
    else if (typeof alias === 'string' && alias !== '') models.push(placeholder(alias, value))
  }
  const names = items.map((value) => (isMapping(value) ? value['alias'] : undefined))
  problems.push(...duplicates(names, path, 'alias', 'Model'))
  return { models, problems }
}

/** Without a provider that can be read it has none, which is not a second problem. */
function placeholder(alias: string, written: unknown): ModelConfig {
  const provider = isMapping(written) ? written['provider'] : undefined
  return {
    alias,
    model: '',
    provider: typeof provider === 'string' ? provider : '',
    inference_parameters: defaultParameters,
    skip_health_check: true,
  }
}

/** Reads a list of providers; `broken` are the names of those that are wrong, null without one. */
export function parseProviders(
  items: readonly unknown[],
  path: ConfigPath,
): { providers: ModelProvider[]; broken: (string | null)[]; problems: Problem[] } {
  const parsed = items.map((value, index) => parseProvider(value, [...path, index]))
  const names = items.map((value) => (isMapping(value) ? value['name'] : undefined))
  return {
    providers: parsed.flatMap(({ provider }) => provider ?? []),
    broken: names.flatMap((name, index) => {
      if (parsed[index]?.provider !== null) return []
      return typeof name === 'string' ? [name] : [null]
    }),
    problems: [
      ...parsed.flatMap(({ problems }) => problems),
      ...duplicates(names, path, 'name', 'Provider'),
    ],
  }
}

/** Entries of a list that have the name of an earlier one. */
export function duplicates(
  names: readonly unknown[],
  path: ConfigPath,
  field: string,
  noun: string,
): Problem[] {
  return names.flatMap((name, index): Problem[] => {
    const first = names.indexOf(name)
    if (typeof name !== 'string' || first === index) return []
    const list = path.at(-1) ?? ''
    return [
      {
        level: 'error',
        code: `duplicate-${field}`,
        path: [...path, index, field],
        message: `${noun} ${quoted(name)} is defined twice: as ${list}[${first}] and ${list}[${index}]`,
        suggestion: 'Rename or remove one of them.',
      },
    ]
  })
}

export interface LoadedModels {
  /** Null when there are errors. */
  models: ModelConfig[] | null
  problems: Problem[]
}

/** Reads a file with `model_configs`. */
export function loadModels(text: string, { file }: { file: string }): LoadedModels {
  const { items, problems, complete } = listFile(text, file, 'model_configs', (list, path) => {
    const { models, problems: found } = parseModels(list, path)
    return { items: models, problems: found }
  })
  return { models: complete ? items : null, problems }
}

export interface LoadedProviders {
  /** Null when there are errors. */
  providers: ModelProvider[] | null
  /** Names of providers that are wrong; null for one whose name can't be read. */
  broken: (string | null)[]
  problems: Problem[]
  locate: Locate
}

/** Reads a file with `providers`, as NeMo Data Designer keeps it in its home directory. */
export function loadProviders(text: string, { file }: { file: string }): LoadedProviders {
  let broken: (string | null)[] = [null]
  const { items, problems, complete, locate } = listFile(text, file, 'providers', (list, path) => {
    const parsed = parseProviders(list, path)
    broken = parsed.broken
    return { items: parsed.providers, problems: parsed.problems }
  })
  return { providers: complete ? items : null, broken: complete ? [] : broken, problems, locate }
}

type ReadList<Item> = (
  list: readonly Literal[],
  path: ConfigPath,
) => { items: Item[]; problems: Problem[] }

/** A file with one list in it; other root keys are ignored, as NeMo Data Designer does. */
export function listFile<Item>(
  text: string,
  file: string,
  key: string,
  read: ReadList<Item>,
): { items: Item[]; problems: Problem[]; complete: boolean; locate: Locate } {
  const { value, problems, locate } = parseConfigText(text, { file })
  if (value === undefined) return { items: [], problems, complete: false, locate }
  const list = isMapping(value) ? value[key] : undefined
  const found: Problem[] = []
  let items: Item[] = []
  if (isMapping(value) && isList(list)) {
    const result = read(list, [key])
    items = result.items
    found.push(...ignoredKeys(Object.keys(value), key), ...result.problems)
  } else {
    const schema = z.object({ [key]: z.array(z.unknown()) })
    const { error } = schema.safeParse(value)
    if (error) found.push(...problemsOfZod(error, { path: [], value, subject: 'the file' }))
  }
  const all = [...problems, ...withPositions(found, file, locate)]
  return { items, problems: all, complete: all.every(({ level }) => level !== 'error'), locate }
}

function ignoredKeys(keys: readonly string[], known: string): Problem[] {
  return keys
    .filter((key) => key !== known && key !== 'default')
    .map((key) => ({
      level: 'warning',
      code: 'ignored-key',
      path: [key],
      message: `The file has no use for the key ${quoted(key)}; it is ignored`,
      expected: `'${known}'`,
    }))
}
