/** Every filter there is; the table of filters is checked against this list. */
export const filterNames = [
  'abs',
  'attr',
  'batch',
  'capitalize',
  'center',
  'count',
  'd',
  'default',
  'dictsort',
  'e',
  'escape',
  'filesizeformat',
  'first',
  'float',
  'forceescape',
  'format',
  'fromjson',
  'groupby',
  'indent',
  'int',
  'items',
  'join',
  'jsonpath',
  'last',
  'length',
  'list',
  'lower',
  'map',
  'max',
  'min',
  'pprint',
  'random',
  'reject',
  'rejectattr',
  'replace',
  'reverse',
  'round',
  'safe',
  'select',
  'selectattr',
  'shuffle',
  'slice',
  'sort',
  'string',
  'striptags',
  'sum',
  'title',
  'tojson',
  'trim',
  'truncate',
  'unique',
  'upper',
  'urlencode',
  'urlize',
  'wordcount',
  'wordwrap',
  'xmlattr',
] as const

/** Every test that can stand behind `is`. */
export const testNames = [
  'boolean',
  'callable',
  'defined',
  'divisibleby',
  'eq',
  'equalto',
  'escaped',
  'even',
  'false',
  'filter',
  'float',
  'ge',
  'greaterthan',
  'gt',
  'in',
  'integer',
  'iterable',
  'le',
  'lessthan',
  'lower',
  'lt',
  'mapping',
  'ne',
  'none',
  'number',
  'odd',
  'sameas',
  'sequence',
  'string',
  'test',
  'true',
  'undefined',
  'upper',
] as const

/** Tests that only `select` and its like can name. */
export const operatorTestNames = ['==', '!=', '<', '<=', '>', '>='] as const

export type FilterName = (typeof filterNames)[number]
export type TestName = (typeof testNames)[number] | (typeof operatorTestNames)[number]

/** Names every template has unless its scope has them. */
const globalNames = ['range', 'dict', 'lipsum', 'cycler', 'joiner', 'namespace'] as const

export type GlobalName = (typeof globalNames)[number]

const filters: ReadonlySet<string> = new Set(filterNames)
const tests: ReadonlySet<string> = new Set([...testNames, ...operatorTestNames])
const globals: ReadonlySet<string> = new Set(globalNames)

export function isFilter(name: string): name is FilterName {
  return filters.has(name)
}

export function isTest(name: string): name is TestName {
  return tests.has(name)
}

export function isGlobal(name: string): name is GlobalName {
  return globals.has(name)
}

export function nearestFilter(name: string): string | null {
  return nearest(name, filterNames)
}

export function nearestTest(name: string): string | null {
  return nearest(name, testNames)
}

/** The candidate fewest edits away, when that is few enough to be a slip. */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  let best: string | null = null
  let fewest = Math.min(3, Math.ceil(name.length / 3) + 1)
  // No one slips into a name this long, and the distance is quadratic.
  if (name.length > 60) return null
  for (const candidate of candidates) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits < fewest) {
      fewest = edits
      best = candidate
    }
  }
  return best
}

function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let at = 1; at <= b.length; at++) {
      const change = (previous[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[at] ?? 0) + 1, (current[at - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
