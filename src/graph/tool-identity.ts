import { type ResolvedDataset, toolConfigOf } from '../config/resolve-dataset.ts'

/**
 * What of an alias's tools decides answers. The time a call may take decides none, and a server is
 * known by its name: it may move.
 */
export function toolIdentity(
  dataset: Pick<ResolvedDataset, 'toolConfigs'>,
  alias: string,
): unknown {
  const config = toolConfigOf(dataset, alias)
  if (config === undefined) return undefined
  const { providers, allow_tools: allowed, max_tool_call_turns: turns } = config
  return { providers, allowed: allowed?.toSorted() ?? [], turns }
}
