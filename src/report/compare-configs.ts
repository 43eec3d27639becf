/** A place in which two configs differ. */
export interface ConfigDifference {
  /** `columns.review.prompt`: parts of lists by their names. */
  path: string
  /** The values as JSON has them; undefined where one config has none. */
  values: readonly [unknown, unknown]
}

/** Where two configs differ, the innermost places. Lists of named things are compared by name. */
export function compareConfigs(one: string, other: string): ConfigDifference[] {
  const found: ConfigDifference[] = []
  compare('', JSON.parse(one), JSON.parse(other))
  return found

  function compare(path: string, a: unknown, b: unknown): void {
    if (JSON.stringify(a) === JSON.stringify(b)) return
    const [left, right] = [entriesOf(a), entriesOf(b)]
    if (left === null || right === null) {
      found.push({ path, values: [a, b] })
      return
    }
    const before = found.length
    for (const key of new Set([...left.keys(), ...right.keys()])) {
      compare(path === '' ? key : `${path}.${key}`, left.get(key), right.get(key))
    }
    // Only their order differs.
    if (found.length === before) found.push({ path, values: [namesOf(left), namesOf(right)] })
  }
}

function namesOf(entries: ReadonlyMap<string, unknown>): string[] {
  return [...entries.keys()]
}

/** The parts of an object, or of a list whose parts have different names; null for anything else. */
function entriesOf(value: unknown): Map<string, unknown> | null {
  if (typeof value !== 'object' || value === null) return null
  if (!Array.isArray(value)) return new Map(Object.entries(value))
  const names = value.map(nameOf)
  if (names.some((name) => name === null) || new Set(names).size !== names.length) return null
  return new Map(value.map((part: unknown, at) => [names[at] ?? '', part]))
}

function nameOf(part: unknown): string | null {
  if (typeof part !== 'object' || part === null) return null
  const { name, alias } = part as Partial<Record<'name' | 'alias', unknown>>
  const found = name ?? alias
  return typeof found === 'string' ? found : null
}
