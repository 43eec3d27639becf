import type { ConfigPath, Problem } from './problem.ts'

/** Column types of the ancestor that are not made yet: no mistake of who wrote them. */
export const laterColumnTypes: ReadonlySet<string> = new Set(['validation'])

const laterParts = {
  constraints: {
    what: 'Sampler constraints are',
    suggestion: 'Choose parameters that keep the values within bounds, and remove constraints.',
  },
} as const

/** Says which parts of the config are read but not run yet. */
export function unsupportedPart(
  key: keyof typeof laterParts,
  items: readonly unknown[],
  path: ConfigPath,
): Problem[] {
  if (items.length === 0) return []
  const { what, suggestion } = laterParts[key]
  return [
    {
      level: 'error',
      code: 'unsupported',
      path: [...path, key],
      message: `${what} not supported yet`,
      suggestion,
    },
  ]
}
