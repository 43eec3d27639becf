import type { ConfigPath, Problem } from './problem.ts'

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
