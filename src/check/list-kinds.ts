import type { Problem } from '../config/problem.ts'
import { withPositions } from '../config/problems.ts'
import { gatherPlugins, type GivenPlugin } from '../plugins/gather-plugins.ts'
import type { ListedKind } from '../plugins/kind-registry.ts'
import { type ConfigInput, readConfig, readDataset } from './sources.ts'

/** Options of `listKinds`. */
export interface ListKindsOptions {
  /** Its plugins count; the rest of it may be wrong. */
  config?: ConfigInput | undefined
  /** Kinds in addition to the built-in ones and those of the config's own plugins. */
  plugins?: readonly GivenPlugin[] | undefined
}

/** The kinds that a config may name, and the problems of its plugins. */
export interface KindList {
  kinds: readonly ListedKind[]
  /** Of plugins that can't be loaded. */
  problems: readonly Problem[]
}

/** Lists every kind that a config may name, by family. */
export async function listKinds({ config, plugins }: ListKindsOptions = {}): Promise<KindList> {
  if (config === undefined) {
    const { registry } = await gatherPlugins({ given: plugins })
    return { kinds: registry.kinds, problems: [] }
  }
  const source = await readConfig(config)
  const { draft, locate, problems: wrong } = readDataset(source)
  const gathered = await gatherPlugins({
    given: plugins,
    config: { names: draft?.plugins ?? [], directory: source.directory },
  })
  return {
    kinds: gathered.registry.kinds,
    problems: [
      ...(draft === null ? wrong : []),
      ...withPositions(gathered.problems, source.file, locate),
    ],
  }
}
