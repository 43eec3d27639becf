import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { text } from './scalars.ts'

/** An entry of `plugins`. */
export const pluginSchema = text({ nonEmpty: true }).describe(
  "A package, or a path from the config's folder, such as ./plugin.js.",
)

/** Reads `plugins`. One that is not text is omitted: it has no name. */
export function parsePlugins(
  items: readonly unknown[],
  path: ConfigPath,
): { names: string[]; problems: Problem[] } {
  const problems: Problem[] = []
  const names = items.flatMap((value, index) => {
    const result = pluginSchema.safeParse(value)
    if (result.success) return [result.data]
    const context = { path: [...path, index], value, subject: 'the plugin' }
    problems.push(...problemsOfZod(result.error, context))
    return []
  })
  return { names, problems }
}
