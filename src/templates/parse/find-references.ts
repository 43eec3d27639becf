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
}

interface Found {
  offset: number
  /** The template sets the name where it is read, in other ways through it. */
  optional: boolean
}

interface Search {
  readonly found: Map<string, Found>
}

/** The names a template reads from its scope, each at the first place it is read. */
export function findReferences(source: string, body: readonly Statement[]): TemplateReference[] {
  const search: Search = { found: new Map() }
  walkInner(body, null, search)
  return toReferences(source, search)
}

export function findExpressionReferences(source: string, node: Expression): TemplateReference[] {
  const search: Search = { found: new Map() }
  walkExpression(node, open(null, [], []), search)
  return toReferences(source, search)
}

function toReferences(source: string, { found }: Search): TemplateReference[] {
  const sorted = [...found].sort(([, a], [, b]) => a.offset - b.offset)
  return sorted.map(([name, { offset, optional }]) => {
    const reference = { name, ...positionAt(source, offset) }
    return optional || isGlobal(name) ? { ...reference, optional: true } : reference
  })
}

function open(outer: Known | null, names: Iterable<string>, assigned: Iterable<string>): Known {
  return { names: new Set(names), assigned: new Set(assigned), outer }
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
  if (node.type === 'name') read(node.name, node.start, known, search)
  else for (const part of partsOf(node)) walkExpression(part, known, search)
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
    walkExpression(test, known, search)
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
  walkExpression(node.test, open(known, names, []), search)
  walkInner(node.body, known, search, [...names, 'loop'])
  walkInner(node.otherwise, known, search)
}

function assign(target: Target, known: Known, search: Search): void {
  if (target.type === 'member') read(target.object, target.start, known, search)
  else if (target.type === 'tuple') for (const item of target.items) assign(item, known, search)
  else known.names.add(target.name)
}
