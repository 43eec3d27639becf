import type { Problem } from '../config/problem.ts'
import { nearest } from '../util/near-miss.ts'
import type { Draft } from './draft.ts'

/** Every tool alias that a column uses must be configured. */
export function checkTools({ input: { dataset }, columns }: Draft): Problem[] {
  const known = dataset.toolConfigs.map(({ tool_alias: alias }) => alias)
  return columns.flatMap(({ name, path, raw, description }) =>
    (description?.tools ?? [])
      .filter((alias) => !known.includes(alias))
      .map((alias): Problem => {
        const near = nearest(alias, known)
        return {
          level: 'error',
          code: 'unknown-tools',
          path: raw['tool_alias'] === alias ? [...path, 'tool_alias'] : path,
          message: `Column '${name}' uses the tool alias '${alias}', which is not configured`,
          expected: known.length === 0 ? 'an entry in tool_configs' : `one of ${known.join(', ')}`,
          received: alias,
          suggestion:
            near === undefined
              ? 'Add it to tool_configs, or give a file of them with --tool-configs.'
              : `Did you mean '${near}'?`,
        }
      }),
  )
}
