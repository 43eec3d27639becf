import { aiSdkKind } from './ai-sdk.ts'
import type { ProviderKind } from './provider.ts'

/** The kind that a `provider_type` names: one of the table, or a package of the AI SDK. */
export function providerKind(
  type: string,
  table: ReadonlyMap<string, ProviderKind>,
): ProviderKind | undefined {
  const known = table.get(type)
  if (known !== undefined) return known
  const packageName = packageOf(type)
  return packageName === null ? undefined : aiSdkKind(packageName)
}

/** A scope tells a package from a kind that is misspelt; one without has `npm:` before its name. */
function packageOf(type: string): string | null {
  const [, marked] = /^npm:([a-z0-9][\w.-]*)$/.exec(type) ?? []
  if (marked !== undefined) return marked
  return /^(?:npm:)?(@[a-z0-9~-][\w.~-]*\/[a-z0-9~-][\w.~-]*)$/.exec(type)?.[1] ?? null
}
