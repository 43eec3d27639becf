import { uniqueBy } from './collection-methods.ts'
import { equals, isLess } from '../values/compare.ts'
import { iterate, rangeItems, toItems, tryIterate } from '../values/iterate.ts'
import { limits, spend, spendItems, spendText } from '../limits.ts'
import { attributePath } from './member.ts'
import { sortKey } from './number-filters.ts'
import {
  failUndefined,
  isDict,
  Lazy,
  Markup,
  orElse,
  Range,
  sizeOf,
  textOf,
  Tuple,
  truthy,
  typeName,
  Undefined,
  View,
  type Operand,
} from '../values/operand.ts'
import {
  flagArgument,
  integerArgument,
  textArgument,
  type Definition,
  type RenderContext,
} from '../values/operation.ts'
import { escapeHtml } from '../values/arithmetic.ts'
import { toText } from '../values/python-text.ts'
import { TemplateError } from '../template-error.ts'

export const listFilters = {
  length: { apply: length },
  count: { apply: length },
  list: { apply: (operand) => [...toItems(operand)] },
  default: { parameters: ['default_value?', 'boolean?'], apply: withDefault },
  d: { parameters: ['default_value?', 'boolean?'], apply: withDefault },
  first: {
    apply: (operand, _, context) => {
      for (const item of iterate(operand)) return item
      return context.missing('there is no first item: the list is empty')
    },
  },
  last: {
    apply: (operand, _, context) => {
      if (operand instanceof Lazy) throw new TemplateError(notReversible(operand))
      return orElse(toItems(operand).at(-1), () =>
        context.missing('there is no last item: the list is empty'),
      )
    },
  },
  reverse: { apply: reverse },
  join: {
    parameters: ['d?', 'attribute?'],
    apply: (operand, [separator = '', attribute = null], context) => {
      const keyOf = attribute === null ? null : attributePath(attribute)
      const items = Array.from(iterate(operand), (item) => {
        spend(1)
        return keyOf === null ? item : keyOf(item, context)
      })
      return joinItems(items, separator, context.escape)
    },
  },
  items: {
    apply: (operand) => {
      if (operand instanceof Undefined) return lazy('items', [])
      if (isDict(operand)) return lazy('items', new View('items', operand))
      throw new TemplateError(`"items" needs an object, not ${typeName(operand)}`)
    },
  },
  dictsort: {
    parameters: ['case_sensitive?', 'by?', 'reverse?'],
    apply: (operand, [caseSensitive, by, reversed], context) => {
      if (operand instanceof Undefined) failUndefined(operand)
      if (!isDict(operand))
        throw new TemplateError(`"dictsort" needs an object, not ${typeName(operand)}`)
      const part = textArgument(by, 'key', 'by')
      if (part !== 'key' && part !== 'value') throw new TemplateError('"by" must be key or value')
      const keyOf = sortKey(part === 'key' ? 0 : 1, flagArgument(caseSensitive, false))
      return sortBy(
        [...new View('items', operand)],
        (item) => keyOf(item, context),
        flagArgument(reversed, false),
      )
    },
  },
  sort: {
    parameters: ['reverse?', 'case_sensitive?', 'attribute?'],
    apply: (operand, [reversed, caseSensitive, attribute = null], context) => {
      const sensitive = flagArgument(caseSensitive, false)
      const paths = textOf(attribute)?.split(',') ?? [attribute]
      const keys = paths.map((path) => sortKey(path, sensitive))
      const keyOf = (item: Operand): Operand => keys.map((key) => key(item, context))
      return sortBy(toItems(operand), keyOf, flagArgument(reversed, false))
    },
  },
  unique: {
    parameters: ['case_sensitive?', 'attribute?'],
    apply: (operand, [caseSensitive, attribute], context) => {
      const keyOf = sortKey(attribute, flagArgument(caseSensitive, false))
      return lazy(
        'unique',
        uniqueBy(iterate(operand), (item) => keyOf(item, context)),
      )
    },
  },
  groupby: {
    parameters: ['attribute', 'default?', 'case_sensitive?'],
    apply: (operand, [attribute = null, fallback, caseSensitive], context) =>
      groupBy(
        operand,
        attribute,
        fallback ?? undefined,
        flagArgument(caseSensitive, false),
        context,
      ),
  },
  batch: {
    parameters: ['linecount', 'fill_with?'],
    apply: (operand, [count, filler = null]) =>
      lazy('batch', batches(operand, integerArgument(count, 1, 'linecount'), filler)),
  },
  slice: {
    parameters: ['slices', 'fill_with?'],
    apply: (operand, [count, filler = null]) =>
      lazy('slice', slices(operand, integerArgument(count, 1, 'slices'), filler)),
  },
  random: {
    apply: (operand, _, context) => {
      const items = toItems(operand)
      const index = Math.floor(randomness(context, 'random')() * items.length)
      return orElse(items[index], () =>
        context.missing('there is no item to draw: the list is empty'),
      )
    },
  },
  shuffle: {
    apply: (operand, _, context) => {
      const items = [...toItems(operand)]
      const random = randomness(context, 'shuffle')
      // Fisher and Yates: every order is as likely as every other.
      for (let last = items.length - 1; last > 0; last--) {
        const chosen = Math.floor(random() * (last + 1))
        const item = items[chosen] ?? null
        items[chosen] = items[last] ?? null
        items[last] = item
      }
      return items
    },
  },
} satisfies Record<string, Definition>

/** The caller's randomness; templates have none of their own. */
export function randomness({ random }: RenderContext, name: string): () => number {
  if (random !== null) return random
  throw new TemplateError(`"${name}" needs randomness, and there is none where this template runs`)
}

export function lazy(source: string, items: Iterable<Operand>): Lazy {
  function* walk(): IterableIterator<Operand> {
    for (const item of items) {
      spend(1)
      yield item
    }
  }
  return new Lazy(source, walk())
}

function length(operand: Operand): Operand {
  const size = sizeOf(operand)
  if (size !== undefined) return size
  const hint = operand instanceof Lazy ? `: add |list after "${operand.source}"` : ''
  throw new TemplateError(`${typeName(operand)} has no length${hint}`)
}

function withDefault(
  operand: Operand,
  [fallback = '', boolean]: readonly (Operand | undefined)[],
): Operand {
  if (operand instanceof Undefined) return fallback
  return flagArgument(boolean, false) && !truthy(operand) ? fallback : operand
}

function reverse(operand: Operand): Operand {
  const text = textOf(operand)
  if (text !== undefined) {
    spend(text.length >>> 3)
    const reversed = Array.from(text).reverse().join('')
    return operand instanceof Markup ? new Markup(reversed) : reversed
  }
  if (tryIterate(operand) === null)
    throw new TemplateError(`"reverse" needs a list, not ${typeName(operand)}`)
  const items = operand instanceof Range ? [...rangeItems(operand)] : [...toItems(operand)]
  return operand instanceof Lazy ? items.reverse() : lazy('reverse', items.reverse())
}

function notReversible({ source }: Lazy): string {
  return `what "${source}" yields has no last item: add |list before |last`
}

function joinItems(items: readonly Operand[], separator: Operand, escape: boolean): Operand {
  const safe =
    escape && (separator instanceof Markup || items.some((item) => item instanceof Markup))
  const write = (item: Operand): string =>
    safe && !(item instanceof Markup) ? escapeHtml(toText(item)) : toText(item)
  const between = write(separator)
  let joined = ''
  for (const [index, item] of items.entries()) {
    joined += index === 0 ? write(item) : between + write(item)
    if (joined.length > limits.characters) spendText(joined.length)
  }
  spendText(joined.length)
  return safe ? new Markup(joined) : joined
}

/** Python's `sorted`: stable, also in reverse. */
function sortBy(
  items: readonly Operand[],
  keyOf: (item: Operand) => Operand,
  reversed: boolean,
): Operand[] {
  spendItems(items.length * 16)
  const keyed = items.map((item) => ({ item, key: keyOf(item) }))
  const sign = reversed ? -1 : 1
  keyed.sort((a, b) => sign * (isLess(a.key, b.key) ? -1 : isLess(b.key, a.key) ? 1 : 0))
  return keyed.map(({ item }) => item)
}

function groupBy(
  operand: Operand,
  attribute: Operand,
  fallback: Operand | undefined,
  caseSensitive: boolean,
  context: RenderContext,
): Operand {
  const keyOf = sortKey(attribute, caseSensitive, fallback)
  const shownKey = attributePath(attribute, fallback)
  const sorted = sortBy(toItems(operand), (item) => keyOf(item, context), false)
  const groups: { key: Operand; shown: Operand; items: Operand[] }[] = []
  for (const item of sorted) {
    const key = keyOf(item, context)
    const last = groups.at(-1)
    if (last !== undefined && equals(last.key, key)) last.items.push(item)
    else groups.push({ key, shown: shownKey(item, context), items: [item] })
  }
  return groups.map(({ shown, items }) => new Tuple([shown, items], ['grouper', 'list']))
}

function* batches(operand: Operand, size: number, filler: Operand): IterableIterator<Operand> {
  let batch: Operand[] = []
  for (const item of iterate(operand)) {
    // As in Jinja, a size below one never fills a batch.
    if (batch.length === size) {
      yield batch
      batch = []
    }
    batch.push(item)
  }
  if (batch.length === 0) return
  spendItems(Math.max(size, 0))
  if (filler !== null) while (batch.length < size) batch.push(filler)
  yield batch
}

function* slices(operand: Operand, count: number, filler: Operand): IterableIterator<Operand> {
  if (count === 0) throw new TemplateError('"slices" cannot be 0')
  const items = toItems(operand)
  const size = Math.floor(items.length / count)
  const longer = ((items.length % count) + count) % count
  let at = 0
  for (let index = 0; index < count; index++) {
    const end = at + size + (index < longer ? 1 : 0)
    spendItems(end - at)
    const slice = items.slice(at, end)
    if (filler !== null && index >= longer) slice.push(filler)
    yield slice
    at = end
  }
}
