import { positionAt } from './lexer.ts'
import type { Expression, ForNode, Signature, Statement, Target } from './nodes.ts'
import { isGlobal } from './stock-names.ts'
import type { TemplateReference } from '../template.ts'
import { assignedNames, partsOf, targetNames } from './walk.ts'

/** What the template itself sets; inner scopes see the outer ones. */
interface Known {
  /** Set for certain by now. */
  readonly names: Set<string>
  /** Set somewhere in this scope, in some ways through it. */
  readonly assigned: ReadonlySet<string>
  readonly outer: Known | null
  /** Names that stand for a part of a variable's value. */
  readonly parts: ReadonlyMap<string, Part>
}

/** A variable's value, or a place in it. */
interface Part {
  readonly name: string
  readonly place: readonly (string | null)[]
}

interface Found {
  offset: number
  /** The template sets the name where it is read, in other ways through it. */
  optional: boolean
}

interface Search {
  readonly found: Map<string, Found>
  readonly parts: { part: Part; offset: number }[]
}

function newSearch(): Search {
  return { found: new Map(), parts: [] }
}

/** The names a template reads from its scope, each at the first place it is read. */
export function findReferences(source: string, body: readonly Statement[]): TemplateReference[] {
  const search = newSearch()
  walkInner(body, null, search)
  return toReferences(source, search)
}

export function findExpressionReferences(source: string, node: Expression): TemplateReference[] {
  const search = newSearch()
  walkExpression(node, open(null, [], []), search)
  return toReferences(source, search)
}

function toReferences(source: string, { found, parts }: Search): TemplateReference[] {
  const sorted = [...found].sort(([, a], [, b]) => a.offset - b.offset)
  return sorted.map(([name, { offset, optional }]) => {
    const places = parts
      .filter(({ part }) => part.name === name)
      .map(({ part: { place }, offset: at }) => ({ place, ...positionAt(source, at) }))
    const reference = {
      name,
      ...positionAt(source, offset),
      ...(places.length === 0 ? {} : { places }),
    }
    return optional || isGlobal(name) ? { ...reference, optional: true } : reference
  })
}

function open(
  outer: Known | null,
  names: Iterable<string>,
  assigned: Iterable<string>,
  parts: ReadonlyMap<string, Part> = new Map(),
): Known {
  return { names: new Set(names), assigned: new Set(assigned), outer, parts }
}

function isKnown(known: Known, name: string): boolean {
  for (let at: Known | null = known; at !== null; at = at.outer) if (at.names.has(name)) return true
  return false
}

function isAssigned(known: Known, name: string): boolean {
  for (let at: Known | null = known; at !== null; at = at.outer) {
    if (at.assigned.has(name)) return true
  }
  return false
}

function read(name: string, offset: number, known: Known, { found }: Search): void {
  if (isKnown(known, name)) return
  const optional = isAssigned(known, name)
  const first = found.get(name)
  if (first === undefined) found.set(name, { offset, optional })
  else {
    first.offset = Math.min(first.offset, offset)
    first.optional &&= optional
  }
}

function walkExpression(node: Expression | null, known: Known, search: Search): void {
  if (node === null) return
  if (node.type === 'name') return read(node.name, node.start, known, search)
  notePlace(node, known, search)
  for (const part of partsOf(node)) {
    if (asksWhetherThere(node, part)) walkAsked(part, known, search)
    else walkExpression(part, known, search)
  }
}

/** An expression of which only is asked whether it is there: that may be asked of what never is. */
function walkAsked(node: Expression, known: Known, search: Search): void {
  if (node.type === 'attribute' || node.type === 'item') {
    for (const part of partsOf(node)) walkExpression(part, known, search)
  } else walkExpression(node, known, search)
}

function notePlace(node: Expression, known: Known, { parts }: Search): void {
  const part = partAt(node, known)
  if (part === null || typeof part.place.at(-1) !== 'string') return
  if (node.type === 'attribute') parts.push({ part, offset: node.end - node.name.length })
  if (node.type === 'item') parts.push({ part, offset: node.key.start })
}

/** The place of a variable's value that an expression names; null for everything else. */
function partAt(node: Expression, known: Known): Part | null {
  if (node.type === 'name') return partNamed(node.name, known)
  if (node.type !== 'attribute' && node.type !== 'item') return null
  const inner = partAt(node.object, known)
  if (inner === null) return null
  const step = node.type === 'attribute' ? node.name : stepOf(node.key)
  return step === undefined ? null : { name: inner.name, place: [...inner.place, step] }
}

function stepOf(key: Expression): string | null | undefined {
  if (key.type !== 'constant') return undefined
  return typeof key.value === 'string'
    ? key.value
    : typeof key.value === 'number'
      ? null
      : undefined
}

function partNamed(name: string, known: Known): Part | null {
  for (let at: Known | null = known; at !== null; at = at.outer) {
    const part = at.parts.get(name)
    if (at.assigned.has(name)) return null
    if (part !== undefined) return part
    if (at.names.has(name)) return null
  }
  return { name, place: [] }
}

const asking: ReadonlySet<string> = new Set(['default', 'd', 'defined', 'undefined', 'none'])

function asksWhetherThere(node: Expression, part: Expression): boolean {
  switch (node.type) {
    case 'filter':
    case 'test':
      return asking.has(node.name) && part === node.operand
    case 'condition':
      return part === node.test
    case 'and':
    case 'or':
    case 'not':
      return true
    case 'call':
      // A method of an object is no field of it.
      return part === node.callee
    default:
      return false
  }
}

function walkBody(body: readonly Statement[], known: Known, search: Search): void {
  for (const statement of body) walkStatement(statement, body, known, search)
}

function walkInner(
  body: readonly Statement[],
  outer: Known | null,
  search: Search,
  names: Iterable<string> = [],
): void {
  walkBody(body, open(outer, names, assignedNames(body)), search)
}

function walkStatement(
  statement: Statement,
  siblings: readonly Statement[],
  known: Known,
  search: Search,
): void {
  switch (statement.type) {
    case 'text':
      return
    case 'output':
      return walkExpression(statement.expression, known, search)
    case 'if':
      return walkIf(statement, known, search)
    case 'for':
      return walkFor(statement, known, search)
    case 'set':
      walkExpression(statement.value, known, search)
      return assign(statement.target, known, search)
    case 'set-block':
      walkInner(statement.body, known, search)
      walkExpression(statement.filter, known, search)
      return assign(statement.target, known, search)
    case 'with': {
      for (const { value } of statement.bindings) walkExpression(value, known, search)
      const names = statement.bindings.flatMap(({ target }) => targetNames(target))
      return walkInner(statement.body, known, search, names)
    }
    case 'filter-block':
      walkExpression(statement.filter, known, search)
      return walkInner(statement.body, known, search)
    case 'macro':
      known.names.add(statement.name)
      // It runs when it is called: what is set anywhere around it may be set by then.
      walkSignature(statement, open(known, assignedNames(siblings), []), search, macroNames)
      return
    case 'call-block':
      walkExpression(statement.call, known, search)
      return walkSignature(statement, known, search, [])
    case 'block':
    case 'autoescape':
      return walkInner(statement.body, known, search)
  }
}

const macroNames = ['varargs', 'kwargs', 'caller'] as const

function walkSignature(
  { parameters, body }: Signature,
  outer: Known,
  search: Search,
  names: readonly string[],
): void {
  const known = open(outer, names, assignedNames(body))
  for (const { name, fallback } of parameters) {
    walkExpression(fallback, known, search)
    known.names.add(name)
  }
  walkBody(body, known, search)
}

function walkIf(
  { branches, otherwise }: Extract<Statement, { type: 'if' }>,
  known: Known,
  search: Search,
): void {
  const ways: Set<string>[] = []
  for (const { test, body } of branches) {
    walkAsked(test, known, search)
    ways.push(walkWay(body, known, search))
  }
  ways.push(walkWay(otherwise, known, search))
  // Set for certain behind the statement is only what every way sets.
  const [first = new Set<string>(), ...rest] = ways
  for (const name of first) if (rest.every((way) => way.has(name))) known.names.add(name)
}

function walkWay(body: readonly Statement[], outer: Known, search: Search): Set<string> {
  // An `if` opens no scope: what it sets was seen with the body around it.
  const known = open(outer, [], [])
  walkBody(body, known, search)
  return known.names
}

function walkFor(node: ForNode, known: Known, search: Search): void {
  walkExpression(node.iterable, known, search)
  const names = targetNames(node.target)
  const list = partAt(node.iterable, known)
  const parts = new Map<string, Part>()
  if (list !== null && node.target.type === 'name') {
    parts.set(node.target.name, { name: list.name, place: [...list.place, null] })
  }
  walkExpression(node.test, open(known, names, [], parts), search)
  walkBody(node.body, open(known, [...names, 'loop'], assignedNames(node.body), parts), search)
  walkInner(node.otherwise, known, search)
}

function assign(target: Target, known: Known, search: Search): void {
  if (target.type === 'member') read(target.object, target.start, known, search)
  else if (target.type === 'tuple') for (const item of target.items) assign(item, known, search)
  else known.names.add(target.name)
}
