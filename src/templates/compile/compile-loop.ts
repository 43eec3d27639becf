import { compileExpression } from './compile-expression.ts'
import { compileTarget } from './compile-target.ts'
import {
  compileStore,
  openBlock,
  openFrame,
  Output,
  type Block,
  type CompileInner,
  type Execute,
  type Frame,
} from './frame.ts'
import { iterate } from '../values/iterate.ts'
import { nested, spend } from '../limits.ts'
import { createLoop } from './loop.ts'
import { Markup, sizeOf, truthy, type Operand } from '../values/operand.ts'
import type { ForNode } from '../parse/nodes.ts'
import { mentions, targetNames } from '../parse/walk.ts'

/** A `for`, with `loop` only where the body asks for it. */
export function compileFor(node: ForNode, outer: Block, compileInner: CompileInner): Execute {
  const iterable = compileExpression(node.iterable, outer)
  const names = targetNames(node.target)
  const withLoop = node.recursive || mentions(node.body, 'loop')
  const body = compileInner(node.body, outer, withLoop ? [...names, 'loop'] : names)
  const otherwise = compileInner(node.otherwise, outer)
  const assign = compileTarget(node.target, body.block)
  const assignLoop = withLoop ? compileStore(body.block, 'loop') : null
  const select = compileSelection(node, outer)
  const strict = outer.unit.missing === 'strict'

  function run(frame: Frame, out: Output, list: Operand, depth: number): void {
    const items = select === null ? iterate(list) : select(frame, list)
    let rounds = 0
    if (assignLoop === null) {
      for (const item of items) {
        spend(1)
        rounds++
        const inner = openFrame(frame)
        assign(inner, item)
        body.run(inner, out)
      }
    } else {
      const size = select === null ? sizeOf(list) : undefined
      const loop = createLoop({ items, size, depth, strict, recurse: recursion(frame, depth) })
      for (let item = loop.next(); item !== undefined; item = loop.next()) {
        spend(1)
        rounds++
        const inner = openFrame(frame)
        assignLoop(inner, loop.facade)
        assign(inner, item)
        body.run(inner, out)
      }
    }
    if (rounds === 0) otherwise.run(openFrame(frame), out)
  }

  function recursion(frame: Frame, depth: number): ((items: Operand) => Operand) | null {
    if (!node.recursive) return null
    return (items) =>
      nested(() => {
        const out = new Output()
        run(frame, out, items, depth + 1)
        return outer.escape ? new Markup(out.text) : out.text
      })
  }

  return (frame, out) => run(frame, out, iterable(frame), 0)
}

/** The items that pass the `if` of a `for`, each tested when its round comes. */
function compileSelection(
  node: ForNode,
  outer: Block,
): ((frame: Frame, list: Operand) => Iterable<Operand>) | null {
  if (node.test === null) return null
  const block = openBlock(outer, targetNames(node.target))
  const assign = compileTarget(node.target, block)
  const test = compileExpression(node.test, block)
  return function* select(frame, list) {
    for (const item of iterate(list)) {
      spend(1)
      const inner = openFrame(frame)
      assign(inner, item)
      if (truthy(test(inner))) yield item
    }
  }
}
