import { isAlias, isMap, isPair, isScalar, isSeq, Scalar, type Node, type Pair } from 'yaml'
import { pythonFloat } from '../util/python-float.ts'
import { Double } from '../util/value.ts'
import type { Literal } from './dataset.ts'
import { entriesOf, isList, isMapping, mappingOf, quoted, type Mapping } from './literal.ts'
import type { Problem } from './problem.ts'
import { levels, tooDeep } from './text-depth.ts'
import type { Child, Place } from './text-place.ts'
import { rememberSpellings } from './spelling.ts'
import { plainScalar } from './yaml-scalars.ts'
import { standard, taggedScalar } from './yaml-tags.ts'

export interface Read {
  value: Literal
  place: Place
  /** Values in it, counted again for each alias. */
  size: number
  /** Levels of lists and mappings in it. */
  depth: number
}

type Report = (problem: Problem, offset: number) => void

interface Reader {
  readonly report: Report
  readonly anchors: Map<string, Read>
  /** Anchors whose value is being read: an alias to one of them would never end. */
  readonly open: Set<string>
  /** Values that aliases may still add. */
  allowance: number
}

// A few lines of aliases to aliases can stand for billions of values.
const mostAliased = 1_000_000

/** Turns the reader's nodes into a literal; aliases share their value. */
export function readNode(node: Node | null, report: Report): Read {
  const anchors = new Map<string, Read>()
  const result = read(node, 0, { report, anchors, open: new Set(), allowance: mostAliased })
  // The text itself is not that deep, but aliases can put its values into one another.
  if (result.depth > levels) report(tooDeep(), result.place.offset)
  return result
}

/** `fallback` is where a value that is not written would stand. */
function read(node: unknown, fallback: number, reader: Reader): Read {
  if (isAlias(node)) return readAlias(node.source, node.range?.[0] ?? fallback, reader)
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined
  if (anchor === undefined) return readContent(node, fallback, reader)
  reader.open.add(anchor)
  const result = readContent(node, fallback, reader)
  reader.open.delete(anchor)
  reader.anchors.set(anchor, result)
  return result
}

function readContent(node: unknown, fallback: number, reader: Reader): Read {
  if (isScalar(node)) return readScalar(node, fallback, reader)
  if (isMap(node)) return readMap(node.items, node, fallback, reader)
  if (isSeq(node)) return readSequence(node.items, node, fallback, reader)
  return leaf(null, fallback, { empty: true })
}

function leaf(
  value: Literal,
  offset: number,
  { empty = false, scalar = null }: { empty?: boolean; scalar?: Scalar | null } = {},
): Read {
  return { value, place: { offset, empty, scalar, children: null }, size: 1, depth: 0 }
}

function readAlias(name: string, offset: number, reader: Reader): Read {
  const target = reader.anchors.get(name)
  if (target === undefined || reader.open.has(name)) {
    const inside = reader.open.has(name)
    reader.report(
      {
        level: 'error',
        code: 'alias',
        path: [],
        message: inside
          ? `The alias *${name} is inside the value it refers to`
          : `The alias *${name} refers to an anchor that is not defined above it`,
        suggestion: inside
          ? 'A config cannot contain itself; write the value out.'
          : `Write &${name} before the value it refers to, or quote the text.`,
      },
      offset,
    )
    return leaf(null, offset)
  }
  if (reader.allowance >= 0 && reader.allowance < target.size) {
    reader.report(
      {
        level: 'error',
        code: 'alias-expansion',
        path: [],
        message: `Aliases multiply the config to more than ${mostAliased} values`,
        suggestion: 'Write fewer aliases of aliases.',
      },
      offset,
    )
  }
  reader.allowance -= target.size
  // Once is enough to say; a negative allowance also stops the growth.
  return reader.allowance < 0 ? leaf(null, offset) : target
}

function readScalar(node: Scalar, fallback: number, reader: Reader): Read {
  const offset = node.range?.[0] ?? fallback
  const text = String(node.value)
  const isPlain = node.type === Scalar.PLAIN || node.type === undefined
  // The tag '!' says nothing.
  const isTagged = node.tag !== undefined && node.tag !== '!'
  const value = isTagged ? taggedScalar(node.tag ?? '', text) : untagged(text, isPlain)
  if (value === undefined) {
    reader.report(badTag(node.tag ?? '', quoted(text)), offset)
    return leaf(null, offset)
  }
  if (isPlain && node.comment && /\{\{|\{%/.test(text)) {
    reader.report(endsInComment(node.comment), node.range?.[1] ?? offset)
  }
  return leaf(value, offset, { empty: isPlain && text === '', scalar: node })
}

/** A template that is not in quotes ends where YAML sees a comment. */
function endsInComment(comment: string): Problem {
  return {
    level: 'warning',
    code: 'comment-in-text',
    path: [],
    message: `The text ends here: ${quoted(`#${comment}`)} after it is a YAML comment`,
    suggestion: 'If it belongs to the text, quote all of it; otherwise quote only the text.',
  }
}

function untagged(text: string, isPlain: boolean): Literal {
  return isPlain ? plainScalar(text) : text
}

function badTag(tag: string, value: string): Problem {
  const short = tag.startsWith(standard) ? `!!${tag.slice(standard.length)}` : tag
  return {
    level: 'error',
    code: 'yaml-tag',
    path: [],
    message: `The tag ${short} does not fit ${value}, or is not one that a config can have`,
    expected: '!!str, !!int, !!float, !!bool, !!null, !!timestamp, !!binary, !!set, or no tag',
    suggestion: 'Remove the tag; write text that looks like a tag in quotes.',
  }
}

interface Tagged {
  readonly range?: readonly number[] | null | undefined
  readonly tag?: string | undefined
}

function readSequence(
  items: readonly unknown[],
  { range, tag }: Tagged,
  fallback: number,
  reader: Reader,
): Read {
  const offset = range?.[0] ?? fallback
  const name = tag?.startsWith(standard) ? tag.slice(standard.length) : tag
  if (name !== undefined && !['seq', 'omap', 'pairs'].includes(name)) {
    reader.report(badTag(tag ?? '', 'a list'), offset)
  }
  const asPairs = name === 'omap' || name === 'pairs'
  const values: Literal[] = []
  const spelled = new Map<string, string>()
  const children = new Map<string, Child>()
  let size = 1
  let depth = 0
  for (const [index, item] of items.entries()) {
    // `[a: 1]` gives a bare pair for a mapping of one key.
    const entry = isPair(item) ? readMap([item], {}, offset, reader) : read(item, offset, reader)
    const pair = asPairs && isMapping(entry.value) ? entriesOf(entry.value)[0] : undefined
    values.push(pair === undefined ? entry.value : [pair[0], pair[1]])
    children.set(String(index), { key: null, place: entry.place })
    noteSpelling(spelled, String(index), entry)
    size += entry.size
    depth = Math.max(depth, entry.depth)
  }
  rememberSpellings(values, { items: spelled, keys: new Map() })
  return {
    value: values,
    place: { offset, empty: false, scalar: null, children },
    size,
    depth: depth + 1,
  }
}

/** Notes how a scalar is spelled where its value prints in another way. */
function noteSpelling(spelled: Map<string, string>, step: string, { value, place }: Read): void {
  if (place.scalar === null || isList(value) || isMapping(value)) return
  const text = String(place.scalar.value)
  const isPlain = place.scalar.type === Scalar.PLAIN && text !== ''
  if (isPlain && keyText(value) !== text) spelled.set(step, text)
}

interface Entry {
  value: Literal
  child: Child
}

interface MergeSource {
  mapping: Mapping
  place: Place
}

function readMap(
  pairs: readonly Pair[],
  { range, tag }: Tagged,
  fallback: number,
  reader: Reader,
): Read {
  const first = pairs[0]?.key
  const offset = range?.[0] ?? (isScalar(first) ? first.range?.[0] : undefined) ?? fallback
  const isSet = tag === `${standard}set`
  if (tag !== undefined && !isSet && tag !== `${standard}map`) {
    reader.report(badTag(tag, 'a mapping'), offset)
  }
  const own = new Map<string, Entry>()
  const merged: MergeSource[] = []
  const items = new Map<string, string>()
  const keys = new Map<string, string>()
  let size = 1
  let depth = 0
  for (const { key, value } of pairs) {
    const keyOffset = offsetOf(key) ?? offset
    if (isScalar(key) && isMergeKey(key)) {
      const entry = read(value, keyOffset, reader)
      merged.push(...mergeSources(entry, keyOffset, reader))
      size += entry.size
      depth = Math.max(depth, entry.depth - 1)
      continue
    }
    const readName = read(key, keyOffset, reader)
    const name = keyOf(readName.value, key, keyOffset, reader)
    const entry = read(value, keyOffset, reader)
    size += entry.size
    depth = Math.max(depth, entry.depth)
    if (name === undefined) continue
    noteSpelling(keys, name, readName)
    noteSpelling(items, name, entry)
    if (own.has(name)) {
      // The document itself is no entry of a list.
      const isFirst = offset > 0 && own.keys().next().value === name
      reader.report(duplicateKey(name, isFirst), keyOffset)
    }
    own.set(name, { value: entry.value, child: { key: keyOffset, place: entry.place } })
  }
  const entries = merged.length === 0 ? own : mergeEntries(merged, own)
  const children = new Map([...entries].map(([name, { child }]) => [name, child]))
  const place = { offset, empty: false, scalar: null, children }
  if (isSet) return { ...leaf([...entries.keys()], offset), size, depth: 1 }
  const values = [...entries].map(([name, { value }]) => [name, value] as const)
  const mapping = mappingOf(values)
  rememberSpellings(mapping, { items, keys })
  return { value: mapping, place, size, depth: depth + 1 }
}

function offsetOf(node: unknown): number | undefined {
  const hasRange = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)
  return hasRange ? (node.range?.[0] ?? undefined) : undefined
}

function isMergeKey(key: Scalar): boolean {
  return (
    key.tag === `${standard}merge` ||
    (key.tag === undefined && key.type === Scalar.PLAIN && key.value === '<<')
  )
}

/** The mappings a merge key brings in, the one that wins last. */
function mergeSources({ value, place }: Read, offset: number, reader: Reader): MergeSource[] {
  if (isMapping(value)) return [{ mapping: value, place }]
  if (isList(value) && value.every(isMapping)) {
    return value
      .map((mapping, index) => ({
        mapping,
        place: place.children?.get(String(index))?.place ?? place,
      }))
      .toReversed()
  }
  reader.report(
    {
      level: 'error',
      code: 'merge-key',
      path: [],
      message: 'The merge key << needs a mapping, or a list of mappings',
      suggestion: "Write '<<: *anchor'.",
    },
    offset,
  )
  return []
}

/** Merged entries come first and lose against the mapping's own. */
function mergeEntries(
  merged: readonly MergeSource[],
  own: ReadonlyMap<string, Entry>,
): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const { mapping, place } of merged) {
    for (const [name, item] of entriesOf(mapping)) {
      const child = place.children?.get(name) ?? { key: null, place }
      entries.set(name, { value: item, child })
    }
  }
  for (const [name, entry] of own) entries.set(name, entry)
  return entries
}

/** The text of a key; keys of other types become the text JSON gives them. */
function keyOf(value: Literal, node: unknown, offset: number, reader: Reader): string | undefined {
  if (isList(value) || isMapping(value)) {
    const looksLikeTemplate = isMap(node) && node.flow === true
    reader.report(
      {
        level: 'error',
        code: 'key-type',
        path: [],
        message: looksLikeTemplate
          ? 'A template is not quoted, so its braces are read as mappings'
          : 'There is a list or mapping where a key should be',
        expected: 'a text as key',
        ...(looksLikeTemplate && { suggestion: 'Put the text into quotes: "{{ name }}".' }),
      },
      offset,
    )
    return undefined
  }
  return keyText(value)
}

function keyText(value: Exclude<Literal, readonly Literal[] | Mapping>): string {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return Number.isFinite(value) ? pythonFloat(value) : String(value)
  }
  return value instanceof Double ? pythonFloat(value.value) : String(value)
}

/** The first key a second time: another entry of a list was to begin there, and its dash is missing. */
function duplicateKey(name: string, isFirst: boolean): Problem {
  return {
    level: 'warning',
    code: 'duplicate-key',
    path: [],
    message: `The key ${quoted(name)} is written twice in one mapping; the last one counts`,
    suggestion: isFirst
      ? `Remove one of them; if an entry of a list begins here, put a dash before it: "- ${name}: …".`
      : 'Remove one of them.',
  }
}
