import type { Exporter } from '../export/define.ts'
import type { ColumnKind } from '../graph/kind.ts'
import type { ProcessorKind } from '../graph/processor-kind.ts'
import type { ProviderKind } from '../models/provider.ts'
import type { Sampler } from '../samplers/define.ts'
import type { SeedSource } from '../seeds/define.ts'
import type { SeedFormat } from '../seeds/formats/define.ts'
import type { Validator } from '../validators/define.ts'

/** Kinds that join the built-in ones. Each is what the `define…` of its family returns. */
export interface Plugin {
  /** Its name in messages and in the fingerprints of columns whose kind or sampler it provides. */
  readonly name: string
  /** Another one is another plugin: a run that was made with this one does not continue with that. */
  readonly version?: string
  readonly columns?: readonly ColumnKind[]
  readonly samplers?: readonly Sampler<unknown>[]
  readonly seedSources?: readonly SeedSource[]
  readonly seedFormats?: readonly SeedFormat[]
  readonly validators?: readonly Validator[]
  readonly processors?: readonly ProcessorKind[]
  readonly providers?: readonly ProviderKind[]
  readonly exporters?: readonly Exporter[]
}

/** The version of `Plugin` and of what its lists hold; a change that breaks plugins raises it. */
export const pluginInterface = 1

/** Carries the interface a plugin was made for. */
export const interfaceKey = Symbol.for('rowsmith.plugin-interface')

/** Marks a plugin with the interface it is made for, so that another rowsmith can tell. */
export function definePlugin<Defined extends Plugin>(plugin: Defined): Defined {
  return Object.defineProperty({ ...plugin }, interfaceKey, { value: pluginInterface })
}
