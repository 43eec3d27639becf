import { canonicalText } from '../config/canonical.ts'
import type { Origin } from './origin.ts'
import { Double, type Value } from '../util/value.ts'

/**
 * Fields that never change the value of a cell that was made, so they may be changed in a run:
 * where it is shown (`drop`), what becomes of a row without it (`on_failure`), which answers make
 * none (`on_cut`), how many rows share a request (`batch_size`) and what its model is called in this config; the model itself is in the identity.
 */
const withoutInfluence: ReadonlySet<string> = new Set([
  'drop',
  'on_failure',
  'on_cut',
  'batch_size',
  'model_alias',
])

export interface Material {
  /** The column as its kind's schema read it, with its name: randomness is addressed by it. */
  config: object
  /** What the kind says decides its values next to the config. */
  identity: unknown
  /** Identity of what its kind loaded. */
  loaded: unknown
  /** The plugin its kind is from; null for a built-in kind. */
  plugin: Origin | null
  /** Identity of the seed's content, for columns that read it. */
  seed: string | null
}

/** The canonical text of what a column itself contributes to its values. */
export function materialOf({ config, identity, loaded, plugin, seed }: Material): string {
  const fields = Object.entries(config).filter(([key]) => !withoutInfluence.has(key))
  return textOf({
    column: Object.fromEntries(fields),
    ...(identity === undefined ? {} : { identity }),
    ...(loaded === undefined ? {} : { loaded }),
    ...(plugin === null ? {} : { plugin }),
    ...(seed === null ? {} : { seed }),
  })
}

/** The canonical text of a side column: it is decided by its producer. */
export function sideMaterialOf(producerMaterial: string, side: string): string {
  return textOf({ producer: producerMaterial, side })
}

/**
 * Hashes material and upstream fingerprints.
 *
 * Upstream counts by name and not by place: moving a column in the config changes no value.
 */
export function fingerprintOf(
  material: string,
  upstream: ReadonlyMap<string, string>,
  hash: (text: string) => string,
): string {
  return hash(textOf({ material, upstream }))
}

/** The one text that stands for plain data, whatever the order of its keys. */
export function textOf(parts: object): string {
  return canonicalText(canonicalValue(parts))
}

/** Anything a schema or an identity may hold; what has no text form is a defect of the kind. */
function canonicalValue(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Double) return value
  if (Array.isArray(value)) return value.map(canonicalValue)
  if (typeof value === 'object') {
    const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
    return new Map(
      entries
        .filter(([, field]) => field !== undefined)
        .map(([key, field]) => [String(key), canonicalValue(field)]),
    )
  }
  throw new Error(`expected plain data in a column's identity, got a ${typeof value}`)
}
