import type { ToolConfig } from '../config/dataset.ts'
import { isMapping } from '../config/literal.ts'
import type { Content, Tool } from '../graph/request.ts'
import { type ToolBox, toolRoute } from '../graph/tool-box.ts'
import { messageOf } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { textBlock } from './tool-content.ts'
import type { ToolServer } from './tool-server.ts'

const defaultTimeoutMs = 60_000

/** How long a call of an alias may take, and a listing. */
export function timeoutOf({ timeout_sec: seconds }: ToolConfig): number {
  return seconds === null ? defaultTimeoutMs : seconds * 1000
}

/** The tools of one alias: those of its servers, as far as they are allowed. */
export function createToolBox(config: ToolConfig, servers: readonly ToolServer[]): ToolBox {
  const timeoutMs = timeoutOf(config)

  async function find(
    signal: AbortSignal,
    onListed?: (server: string, tools: number) => void,
  ): Promise<readonly [Tool, ToolServer][]> {
    const lists = await Promise.all(
      servers.map(async (server) => {
        const tools = await listOf(server, { signal, timeoutMs })
        onListed?.(server.name, tools.length)
        return tools.map((tool): [Tool, ToolServer] => [tool, server])
      }),
    )
    const found = lists.flat()
    refuseTwins(found)
    return allowedOf(found, config)
  }

  return {
    maxTurns: config.max_tool_call_turns,
    list: async (signal, onListed) => (await find(signal, onListed)).map(([tool]) => tool),
    async address(name, written, signal) {
      const found = await find(signal)
      const owner = found.find(([tool]) => tool.name === name)
      if (owner === undefined) return answer(noSuchTool(name, found))
      const input = inputOf(written)
      if (input === null) {
        return answer(`The arguments of the call of "${name}" are not JSON: ${written}`)
      }
      return {
        route: toolRoute(owner[1].name),
        request: { operation: 'call', tool: name, input, timeoutMs },
      }
    },
  }
}

function answer(text: string): { answer: readonly Content[] } {
  return { answer: [textBlock(text)] }
}

async function listOf(
  server: ToolServer,
  options: { signal: AbortSignal; timeoutMs: number },
): Promise<readonly Tool[]> {
  try {
    return await server.list(options)
  } catch (error) {
    options.signal.throwIfAborted()
    throw new Error(
      `the MCP provider "${server.name}" does not list its tools: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  }
}

/** A model calls a tool by its name alone. */
function refuseTwins(found: readonly [Tool, ToolServer][]): void {
  const owners = new Map<string, string>()
  for (const [{ name }, server] of found) {
    const other = owners.get(name)
    if (other !== undefined) {
      const where =
        other === server.name ? `"${other}" twice` : `both of "${other}" and of "${server.name}"`
      throw new Error(`the tool "${name}" exists ${where}, and names must be unique`)
    }
    owners.set(name, server.name)
  }
}

function allowedOf(
  found: readonly [Tool, ToolServer][],
  { allow_tools: allowed, providers }: ToolConfig,
): readonly [Tool, ToolServer][] {
  if (allowed === null || allowed.length === 0) return found
  const names = found.map(([{ name }]) => name)
  const lacking = allowed.filter((name) => !names.includes(name))
  if (lacking.length > 0) {
    const near = lacking.flatMap((name) => nearest(name, names) ?? [])
    const meant = near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`
    throw new Error(
      `allow_tools names ${lacking.join(', ')}, and ${providers.join(', ')} offers ${names.join(', ')}${meant}`,
    )
  }
  return found.filter(([{ name }]) => allowed.includes(name))
}

function noSuchTool(name: string, found: readonly [Tool, ToolServer][]): string {
  return `There is no tool "${name}". Available: ${found.map(([tool]) => tool.name).join(', ')}`
}

/** Null for what is not JSON; anything but an object stands for no arguments, as in NeMo Data Designer. */
function inputOf(written: string): { readonly [name: string]: unknown } | null {
  if (written.trim() === '') return {}
  try {
    const input: unknown = JSON.parse(written)
    return isMapping(input) ? input : {}
  } catch {
    // The model receives an error.
    return null
  }
}
