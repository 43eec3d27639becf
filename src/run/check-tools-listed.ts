import type { ToolRegistry } from '../tools/open-tools.ts'
import { RowsmithError } from '../util/errors.ts'
import type { RunEvent } from './run-event.ts'

/** Starts the servers of tools and lists what they offer; refuses a run that can't work. */
export async function checkTools(
  tools: ToolRegistry,
  { signal, emit }: { signal: AbortSignal; emit: (event: RunEvent) => void },
): Promise<void> {
  if (tools.aliases.length === 0) return
  emit({ type: 'tools-checking', servers: tools.servers })
  const faults = await tools.check(signal, (server, count) =>
    emit({ type: 'tool-server-listed', server, tools: count }),
  )
  if (faults.length === 0) {
    emit({ type: 'tools-checked' })
    return
  }
  const lines = faults.map(({ alias, message }) => `  tools ${alias}: ${message}`)
  throw new RowsmithError('tools-unavailable', `not ready:\n${lines.join('\n')}`, {
    hints: ['Nothing was generated.'],
  })
}
