import type { LoadedDataset } from '../config/load.ts'
import type { Problem } from '../config/problem.ts'

/** What is known not to be known: parts of the config, providers, the seed. */
export interface Unread {
  parts: LoadedDataset['unread']
  /** Null for a provider without a name that can be read. */
  providers: readonly (string | null)[]
  /** The same of MCP providers. */
  servers: readonly (string | null)[]
  /** Kinds may be missing, because a plugin is. */
  plugins: boolean
  /** There is a seed, and its columns are not known. */
  seed: boolean
}

/** Drops problems that only follow from others: each mistake is reported once. */
export function withoutConsequences(problems: readonly Problem[], unread: Unread): Problem[] {
  return problems.flatMap((problem) => {
    if (follows(problem, unread)) return []
    if (problem.code !== 'unknown-reference') return [problem]
    if (unread.seed) return perhapsOf(problem, 'one of the seed')
    return unread.parts.has('column-names') ? perhapsOf(problem, 'one') : [problem]
  })
}

function follows({ code, path, received, suggestion }: Problem, unread: Unread): boolean {
  const { parts, providers, servers, seed, plugins } = unread
  switch (code) {
    // What is nearly a known word is reported all the same.
    case 'unknown-column-type':
    case 'unknown-provider-type':
    case 'unknown-seed-type':
      return plugins && suggestion === undefined
    case 'wrong-word':
      return plugins && suggestion === undefined && path.at(-1) === 'sampler_type'
    case 'no-columns':
    case 'all-columns-dropped':
      return parts.has('columns')
    case 'unknown-column':
      return parts.has('columns') || seed
    case 'unknown-seed-column':
      return seed
    case 'unknown-model':
      return parts.has('model_configs')
    case 'unknown-tools':
      return parts.has('tool_configs')
    case 'unknown-mcp-provider':
      return (
        parts.has('mcp_providers') || servers.some((name) => name === null || name === received)
      )
    case 'unknown-provider':
      return (
        parts.has('model_providers') || providers.some((name) => name === null || name === received)
      )
    default:
      return false
  }
}

/** A name may be one that can't be read; only one that is nearly a known one is worth a word. */
function perhapsOf(problem: Problem, exception: string): Problem[] {
  if (problem.suggestion === undefined) return []
  const message = `${problem.message}, unless it is ${exception} that can't be read`
  return [{ ...problem, level: 'warning', message }]
}
