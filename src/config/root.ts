import { describeLiteral, isMapping, quoted, type Mapping } from './literal.ts'
import type { Literal } from './dataset.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { unknownKeyProblem } from './problems.ts'

/** The keys of a dataset config; the last eight are ours. */
const datasetKeys = [
  'columns',
  'model_configs',
  'tool_configs',
  'seed_config',
  'constraints',
  'profilers',
  'processors',
  'seed',
  'rows',
  'model_providers',
  'mcp_providers',
  'plugins',
  'agreement',
  'select',
  'prices',
] as const

export interface Root {
  /** The mapping with `columns` in it. */
  root: Mapping | null
  /** Where it stands in the file. */
  base: ConfigPath
  /** With paths from the file's own root. */
  problems: Problem[]
}

/**
 * Finds the dataset config in a file: shorthand when there are `columns` but no `data_designer`,
 * otherwise the full form, which has nothing next to it but `library_version`.
 */
export function findRoot(value: Literal): Root {
  if (!isMapping(value)) return { root: null, base: [], problems: [notMapping(value, [])] }
  if (!('data_designer' in value)) {
    if ('columns' in value || !('library_version' in value)) return shorthand(value)
  }
  return fullForm(value)
}

function shorthand(value: Mapping): Root {
  const problems = unknownKeys(value, datasetKeys, []).map((problem) =>
    problem.path[0] === 'library_version'
      ? {
          ...problem,
          message: "'library_version' is next to 'columns', without 'data_designer'",
          expected: "'library_version' beside 'data_designer'",
          suggestion: "Remove it, or put everything else below 'data_designer'.",
        }
      : problem,
  )
  return { root: value, base: [], problems }
}

function fullForm(value: Mapping): Root {
  const base = ['data_designer']
  const problems = unknownKeys(value, ['data_designer', 'library_version'], []).map((problem) =>
    datasetKeys.some((key) => key === problem.path[0])
      ? {
          ...problem,
          message: `'${String(problem.path[0])}' is next to 'data_designer' instead of below it`,
          expected: "only 'library_version' beside 'data_designer'",
          suggestion: "Move it below 'data_designer'.",
        }
      : problem,
  )
  // Whatever wrote the file, its version decides nothing here: fields are checked one by one.
  const version = value['library_version'] ?? null
  if (version !== null && typeof version !== 'string') problems.push(wrongVersion(version))
  const inner = value['data_designer']
  if (inner === undefined) {
    problems.push({
      level: 'error',
      code: 'missing-field',
      path: base,
      message: "The config lacks 'columns'",
      expected: "'columns' at the root, or 'data_designer' with 'columns' below it",
    })
    return { root: null, base, problems }
  }
  if (!isMapping(inner))
    return { root: null, base, problems: [...problems, notMapping(inner, base)] }
  problems.push(...unknownKeys(inner, datasetKeys, base))
  return { root: inner, base, problems }
}

function unknownKeys(value: Mapping, known: readonly string[], path: ConfigPath): Problem[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => unknownKeyProblem([...path, key], known, 'the config'))
}

function wrongVersion(version: Literal): Problem {
  const received = describeLiteral(version)
  return {
    level: 'error',
    code: 'wrong-type',
    path: ['library_version'],
    message: "'library_version' of the config has the wrong type",
    expected: 'text',
    received,
    suggestion: 'Put it into quotes.',
  }
}

function notMapping(value: Literal, path: ConfigPath): Problem {
  const what = path.length === 0 ? 'The config' : quoted(path.join('.'))
  if (value === null && path.length === 0) {
    return {
      level: 'error',
      code: 'wrong-type',
      path,
      message: `${what} is empty`,
      expected: "a mapping with 'columns'",
      suggestion: 'Write columns into it, or let "rowsmith init" write one that runs.',
    }
  }
  return {
    level: 'error',
    code: 'wrong-type',
    path,
    message: `${what} is not a mapping`,
    expected: "a mapping with 'columns'",
    received: describeLiteral(value),
  }
}
