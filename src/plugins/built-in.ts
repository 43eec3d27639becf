import { columns } from '../columns/index.ts'
import { exporters } from '../export/formats.ts'
import { providers } from '../models/index.ts'
import { processorKinds } from '../processors/index.ts'
import { samplers } from '../samplers/index.ts'
import { directory } from '../seeds/directory.ts'
import { fileContents } from '../seeds/file-contents.ts'
import { agentRollout } from '../seeds/rollouts/agent-rollout.ts'
import { records } from '../seeds/given-records.ts'
import { seedFormats } from '../seeds/formats/index.ts'
import { validators } from '../validators/index.ts'
import type { Plugin } from './plugin.ts'

/**
 * The kinds that come with rowsmith, as a plugin has them; the registry adds those that are made of
 * others: the column kinds `sampler` of all samplers and `validation` of all validators, the seed
 * sources of files of all seed formats.
 */
export const builtIn: Plugin = {
  name: 'rowsmith',
  columns,
  samplers: Object.values(samplers),
  seedSources: [directory, fileContents, agentRollout, records],
  seedFormats,
  validators,
  processors: processorKinds,
  providers,
  exporters,
}
