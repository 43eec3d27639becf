import type { RunSettings } from '../store/run-settings.ts'
import { parseJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'

/** A column whose cells were kept when its config changed: not all of them are of one version. */
export interface MixedColumn {
  column: string
  /** In the order in which they made cells. */
  versions: readonly {
    /** The models it asked, such as `gpt-4.1 (openai)`; empty for none. */
    models: string
    /** Cells it made, about; null for those made since the last change. */
    cells: number | null
  }[]
}

/** The columns of the config in force whose cells are of more than one version. */
export function mixedColumns({
  columns,
  kept = [],
}: Pick<RunSettings, 'columns' | 'kept'>): MixedColumn[] {
  return columns.flatMap(({ name, fingerprint, material }) => {
    const later = kept.filter(({ standsFor }) => standsFor === fingerprint)
    // A side column is filled with another one, which is reported.
    if (later.length === 0 || isSideMaterial(material)) return []
    const materials = [material, ...later.map((one) => one.material)]
    let before = 0
    const versions = materials.map((text, at) => {
      const until = later[at]?.cells ?? null
      const cells = until === null ? null : Math.max(0, until - before)
      before = until ?? before
      return { models: modelNames(text), cells }
    })
    return [{ column: name, versions }]
  })
}

/** `gpt-4.1 (openai)`, as a column's material names its models; empty for none. */
export function modelNames(material: string): string {
  const found = new Set<string>()
  collectModels(fieldOf(parsed(material), 'identity') ?? null, found)
  return [...found].join(', ')
}

function collectModels(value: Value, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly Value[]) collectModels(item, found)
    return
  }
  if (!(value instanceof Map)) return
  const fields = value as ReadonlyMap<string, Value>
  const [provider, model] = [fields.get('provider'), fields.get('model')]
  if (typeof provider === 'string' && typeof model === 'string') found.add(`${model} (${provider})`)
  // A pool is known by its models.
  else if (typeof model === 'string' && fields.has('parameters')) found.add(`${model} (pool)`)
  else for (const field of fields.values()) collectModels(field, found)
}

function parsed(material: string): Value {
  return material === '' ? null : parseJson(material)
}

/** Whether a material is that of a column that another one fills. */
export function isSideMaterial(material: string): boolean {
  return fieldOf(parsed(material), 'producer') !== undefined
}

function fieldOf(value: Value, key: string): Value | undefined {
  return value instanceof Map ? (value as ReadonlyMap<string, Value>).get(key) : undefined
}
