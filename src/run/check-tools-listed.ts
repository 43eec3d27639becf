import type { ToolRegistry } from '../tools/open-tools.ts'
import { RowsmithError } from '../util/errors.ts'

/** Starts the servers of tools and lists what they offer; refuses a run that can't work. */
export async function checkTools(tools: ToolRegistry, signal: AbortSignal): Promise<void> {
  if (tools.aliases.length === 0) return
  const faults = await tools.check(signal)
  if (faults.length === 0) return
  const lines = faults.map(({ alias, message }) => `  tools ${alias}: ${message}`)
  throw new RowsmithError('tools-unavailable', `not ready:\n${lines.join('\n')}`, {
    hints: ['Nothing was generated.'],
  })
}
