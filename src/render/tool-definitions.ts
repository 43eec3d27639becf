import { hasErrors } from '../check/config-error.ts'
import { withPositions } from '../config/problems.ts'
import type { Problem } from '../config/problem.ts'
import type { Environment } from '../models/provider.ts'
import { openTools } from '../tools/open-tools.ts'
import { messageOf, RowsmithError } from '../util/errors.ts'
import type { ColumnOfConfig } from './template-parts.ts'

export interface ToolDefinitionsOptions {
  environment: Environment
  signal: AbortSignal
}

/**
 * The tools that the model of a column knows, one as JSON in each line; null for a column without.
 * Starts their servers, and ends them again.
 */
export async function toolDefinitions(
  { source, dataset, locate, name }: ColumnOfConfig,
  { environment, signal }: ToolDefinitionsOptions,
): Promise<{ text: string | null; problems: readonly Problem[] }> {
  const alias = dataset.columns.find((column) => column.name === name)?.['tool_alias']
  if (typeof alias !== 'string') return { text: null, problems: [] }
  const { registry, problems } = openTools({
    dataset,
    used: [alias],
    environment,
    directory: source.directory ?? process.cwd(),
  })
  if (registry === null || hasErrors(problems)) {
    return { text: null, problems: withPositions(problems, source.file, locate) }
  }
  try {
    const tools = await registry.box(alias).list(signal)
    return { text: tools.map((tool) => JSON.stringify(tool)).join('\n'), problems: [] }
  } catch (error) {
    signal.throwIfAborted()
    const message = `not ready:\n  tools ${alias}: ${registry.redact(messageOf(error))}`
    throw new RowsmithError('tools-unavailable', message, { cause: error })
  } finally {
    await registry.close()
  }
}
