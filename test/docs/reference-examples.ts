import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { blocksOf } from './blocks.ts'

/** Entries of configs in the guide, which are known to work: each is an example of its kind. */
export interface GuideEntries {
  columns: readonly Record<string, unknown>[]
  processors: readonly Record<string, unknown>[]
  providers: readonly Record<string, unknown>[]
  sources: readonly Record<string, unknown>[]
}

const more = new URL('more-examples.yaml', import.meta.url)

export function guideEntries(): GuideEntries {
  const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
  const configs = readdirSync(docs)
    .filter((name) => name.endsWith('.md'))
    // The guide's own examples come first.
    .toSorted((one, other) => Number(other === 'config.md') - Number(one === 'config.md'))
    .flatMap((name) => blocksOf(name, readFileSync(`${docs}${name}`, 'utf8')))
    .filter(({ language, options }) => language === 'yaml' && !options.has('invalid'))
    .map(({ text }) => text)
    .concat(readFileSync(more, 'utf8'))
    .map((text): unknown => parse(text))
    .filter(isRecord)
    .map((config) => (isRecord(config['data_designer']) ? config['data_designer'] : config))
  const listed = (key: string): Record<string, unknown>[] =>
    configs.flatMap((config) => {
      const entries: unknown = config[key]
      return Array.isArray(entries) ? entries.filter(isRecord) : []
    })
  return {
    columns: listed('columns'),
    processors: listed('processors'),
    providers: [...listed('model_providers'), ...listed('providers')],
    sources: [
      ...configs.flatMap(({ seed_config: seed }) =>
        isRecord(seed) && isRecord(seed['source']) ? [seed['source']] : [],
      ),
      ...listed('sources'),
    ],
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
