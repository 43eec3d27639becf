import type { CallArguments, Expression, Statement, Target } from './nodes.ts'

/** Expressions directly inside an expression, in the order they are evaluated. */
export function partsOf(node: Expression): readonly Expression[] {
  switch (node.type) {
    case 'constant':
    case 'name':
      return []
    case 'list':
    case 'tuple':
    case 'concat':
      return node.items
    case 'dict':
      return node.entries.flatMap(({ key, value }) => [key, value])
    case 'arithmetic':
    case 'and':
    case 'or':
      return [node.left, node.right]
    case 'negative':
    case 'positive':
    case 'not':
      return [node.operand]
    case 'comparison':
      return [node.first, ...node.rest.map(({ operand }) => operand)]
    case 'condition':
      return present([node.test, node.chosen, node.otherwise])
    case 'attribute':
      return [node.object]
    case 'item':
      return [node.object, node.key]
    case 'slice':
      return present([node.from, node.to, node.step])
    case 'call':
      return [node.callee, ...givenParts(node.given)]
    case 'filter':
      return present([node.operand, ...givenParts(node.given)])
    case 'test':
      return [node.operand, ...givenParts(node.given)]
    default:
      return node satisfies never
  }
}

/** Names a target assigns. */
export function targetNames(target: Target): string[] {
  if (target.type === 'name') return [target.name]
  return target.type === 'tuple' ? target.items.flatMap(targetNames) : []
}

/** Names the statements assign in their own scope; what stands inside opens scopes of its own. */
export function assignedNames(body: readonly Statement[]): string[] {
  return body.flatMap((statement) => {
    switch (statement.type) {
      case 'set':
      case 'set-block':
        return targetNames(statement.target)
      case 'macro':
        return [statement.name]
      case 'if':
        return [
          ...statement.branches.flatMap(({ body: branch }) => assignedNames(branch)),
          ...assignedNames(statement.otherwise),
        ]
      default:
        return []
    }
  })
}

/** Whether a name is read anywhere in the statements, whatever it stands for there. */
export function mentions(body: readonly Statement[], name: string): boolean {
  return body.some(
    (statement) =>
      ownExpressions(statement).some((node) => expressionMentions(node, name)) ||
      innerBodies(statement).some((inner) => mentions(inner, name)),
  )
}

function expressionMentions(node: Expression, name: string): boolean {
  if (node.type === 'name') return node.name === name
  return partsOf(node).some((part) => expressionMentions(part, name))
}

function ownExpressions(statement: Statement): readonly Expression[] {
  switch (statement.type) {
    case 'text':
    case 'block':
    case 'autoescape':
      return []
    case 'output':
      return [statement.expression]
    case 'if':
      return statement.branches.map(({ test }) => test)
    case 'for':
      return present([statement.iterable, statement.test])
    case 'set':
      return [statement.value]
    case 'set-block':
      return present([statement.filter])
    case 'with':
      return statement.bindings.map(({ value }) => value)
    case 'filter-block':
      return [statement.filter]
    case 'macro':
      return present(statement.parameters.map(({ fallback }) => fallback))
    case 'call-block':
      return present([statement.call, ...statement.parameters.map(({ fallback }) => fallback)])
    default:
      return statement satisfies never
  }
}

function innerBodies(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.type) {
    case 'text':
    case 'output':
    case 'set':
      return []
    case 'if':
      return [...statement.branches.map(({ body }) => body), statement.otherwise]
    case 'for':
      return [statement.body, statement.otherwise]
    default:
      return [statement.body]
  }
}

function givenParts({ positional, named, star, doubleStar }: CallArguments): Expression[] {
  return present([...positional, ...named.map(({ value }) => value), star, doubleStar])
}

function present<T>(items: readonly (T | null)[]): T[] {
  return items.filter((item): item is T => item !== null)
}
