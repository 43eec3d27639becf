import { compileCallBlock, compileMacro } from './compile-macro.ts'
import { compileExpression, compileFilter } from './compile-expression.ts'
import { compileFor } from './compile-loop.ts'
import { compileTarget } from './compile-target.ts'
import { openBlock, openFrame, Output, type Block, type Execute } from './frame.ts'
import { Markup, truthy, type Operand } from '../values/operand.ts'
import type { Expression, Statement } from '../parse/nodes.ts'
import { assignedNames, targetNames } from '../parse/walk.ts'

/** Compiles statements of one scope; their names are declared already. */
export function compileBody(body: readonly Statement[], block: Block): Execute {
  const steps = body.map((statement) =>
    located(statement, block, compileStatement(statement, block)),
  )
  const [only] = steps
  if (steps.length === 1 && only !== undefined) return only
  return (frame, out) => {
    for (const step of steps) step(frame, out)
  }
}

/** Compiles statements as a separate scope. */
function compileInner(
  body: readonly Statement[],
  outer: Block,
  names: readonly string[] = [],
): { block: Block; run: Execute } {
  const block = openBlock(outer, [...names, ...assignedNames(body)])
  return { block, run: compileBody(body, block) }
}

/** Errors get the place of the innermost statement they pass. */
function located({ start, end }: Statement, { unit }: Block, run: Execute): Execute {
  return (frame, out) => {
    try {
      run(frame, out)
    } catch (thrown) {
      throw unit.locate(start, end, thrown)
    }
  }
}

function compileStatement(statement: Statement, block: Block): Execute {
  switch (statement.type) {
    case 'text': {
      const { text } = statement
      return (_, out) => out.write(text)
    }
    case 'output': {
      const evaluate = compileExpression(statement.expression, block)
      const { escape } = block
      return (frame, out) => out.print(evaluate(frame), escape)
    }
    case 'if':
      return compileIf(statement, block)
    case 'for':
      return compileFor(statement, block, compileInner)
    case 'set': {
      const value = compileExpression(statement.value, block)
      const store = compileTarget(statement.target, block)
      return (frame) => store(frame, value(frame))
    }
    case 'set-block': {
      const store = compileTarget(statement.target, block)
      const capture = compileCapture(statement.body, block, statement.filter)
      return (frame) => store(frame, capture(frame))
    }
    case 'with':
      return compileWith(statement, block)
    case 'filter-block': {
      const capture = compileCapture(statement.body, block, statement.filter)
      const { escape } = block
      return (frame, out) => out.print(capture(frame), escape)
    }
    case 'macro':
      return compileMacro(statement, block, compileInner)
    case 'call-block':
      return compileCallBlock(statement, block, compileInner)
    case 'block': {
      // A block sees the outermost scope only, unless it asks for the one it stands in.
      const { run } = compileInner(statement.body, statement.scoped ? block : outermost(block))
      const { scoped } = statement
      return (frame, out) => run(openFrame(scoped ? frame : outermost(frame)), out)
    }
    case 'autoescape': {
      const { run } = compileInner(statement.body, { ...block, escape: statement.enabled })
      return (frame, out) => run(openFrame(frame), out)
    }
    default:
      return statement satisfies never
  }
}

function outermost<T extends { readonly parent: T | null }>(inner: T): T {
  let at = inner
  while (at.parent !== null) at = at.parent
  return at
}

function compileIf(
  { branches, otherwise }: Extract<Statement, { type: 'if' }>,
  block: Block,
): Execute {
  const compiled = branches.map(({ test, body }) => ({
    test: compileExpression(test, block),
    body: compileBody(body, block),
  }))
  const last = compileBody(otherwise, block)
  return (frame, out) => {
    for (const { test, body } of compiled) {
      if (truthy(test(frame))) return body(frame, out)
    }
    last(frame, out)
  }
}

function compileWith(
  { bindings, body }: Extract<Statement, { type: 'with' }>,
  outer: Block,
): Execute {
  // All values are taken in the scope around; no binding sees another one.
  const values = bindings.map(({ value }) => compileExpression(value, outer))
  const { block, run } = compileInner(
    body,
    outer,
    bindings.flatMap(({ target }) => targetNames(target)),
  )
  const stores = bindings.map(({ target }) => compileTarget(target, block))
  return (frame, out) => {
    const taken = values.map((value) => value(frame))
    const inner = openFrame(frame)
    for (const [index, store] of stores.entries()) store(inner, taken[index] ?? null)
    run(inner, out)
  }
}

/** The text of a body, filtered where a filter stands on it. */
function compileCapture(
  body: readonly Statement[],
  block: Block,
  filter: Expression | null,
): (frame: Parameters<Execute>[0]) => Operand {
  const { run } = compileInner(body, block)
  const { escape } = block
  const text = (frame: Parameters<Execute>[0]): Operand => {
    const out = new Output()
    run(openFrame(frame), out)
    return escape ? new Markup(out.text) : out.text
  }
  return filter?.type === 'filter' ? compileFilter(filter, block, text) : text
}
