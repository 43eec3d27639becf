import { z } from 'zod'
import { nearest } from '../util/near-miss.ts'
import type { SeedConfig } from './dataset.ts'
import { quoted, type Mapping } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { text } from './scalars.ts'

const sourceSchema = z.object({ seed_type: text({ nonEmpty: true }) })

/** What NeMo Data Designer's sources read; it ignores other keys, so they can only be warned of. */
const sourceKeys: Readonly<Record<string, readonly string[]>> = {
  local: ['path', 'delimiter'],
  hf: ['path', 'revision', 'config', 'split', 'token', 'endpoint', 'delimiter'],
  http: ['path', 'delimiter'],
  s3: ['path', 'endpoint', 'region', 'delimiter'],
  df: ['df'],
  records: ['records'],
  directory: ['path', 'file_pattern', 'recursive'],
  file_contents: ['path', 'file_pattern', 'recursive', 'encoding'],
  agent_rollout: ['format', 'path', 'file_pattern', 'recursive'],
}

/** Reads a source as far as all kinds share it; its own fields are kept as written. */
export function parseSource(
  value: Mapping,
  path: ConfigPath,
): { source: SeedConfig['source'] | null; problems: Problem[] } {
  const result = sourceSchema.safeParse(value)
  if (!result.success) {
    const problems = problemsOfZod(result.error, { path, value, subject: 'the seed source' })
    return { source: null, problems }
  }
  const { seed_type } = result.data
  const known = Object.hasOwn(sourceKeys, seed_type) ? sourceKeys[seed_type] : undefined
  const unknown = Object.keys(value).filter(
    (key) => known !== undefined && key !== 'seed_type' && !known.includes(key),
  )
  const source: SeedConfig['source'] = Object.assign(Object.create(null), value, { seed_type })
  return { source, problems: unknown.map((key) => ignoredKey([...path, key], known ?? [])) }
}

function ignoredKey(path: ConfigPath, known: readonly string[]): Problem {
  const key = String(path.at(-1))
  const meant = nearest(key, known)
  return {
    level: 'warning',
    code: 'ignored-key',
    path,
    message: `The seed source has no field ${quoted(key)}; it is ignored`,
    ...(meant === undefined
      ? { expected: `one of ${known.join(', ')}` }
      : { suggestion: `Did you mean '${meant}'?` }),
  }
}
