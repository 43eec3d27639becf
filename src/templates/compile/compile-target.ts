import { candidates, compileStore, frameAt, type Block, type Frame } from './frame.ts'
import { iterate } from '../values/iterate.ts'
import { Facade, failUndefined, Undefined, type Operand } from '../values/operand.ts'
import type { Target } from '../parse/nodes.ts'
import { TemplateError } from '../template-error.ts'

/** Assigns a value to a name, to names, or to a member of a namespace. */
export function compileTarget(
  target: Target,
  block: Block,
): (frame: Frame, value: Operand) => void {
  switch (target.type) {
    case 'name':
      return compileStore(block, target.name)
    case 'tuple': {
      const stores = target.items.map((item) => compileTarget(item, block))
      return (frame, value) => {
        if (value instanceof Undefined) failUndefined(value)
        const items = [...iterate(value)]
        if (items.length !== stores.length) {
          throw new TemplateError(`${stores.length} names cannot take ${items.length} items apart`)
        }
        for (const [index, store] of stores.entries()) store(frame, items[index] ?? null)
      }
    }
    case 'member':
      return compileMember(target, block)
    default:
      return target satisfies never
  }
}

function compileMember(
  { object, name }: Extract<Target, { type: 'member' }>,
  block: Block,
): (frame: Frame, value: Operand) => void {
  const places = candidates(block, object)
  return (frame, value) => {
    for (const { hops, slot } of places) {
      const found = frameAt(frame, hops).slots[slot]
      if (found === undefined) continue
      if (found instanceof Facade && found.members !== null) {
        found.members.set(name, value)
        return
      }
      break
    }
    throw new TemplateError(
      `"${object}.${name}" can be set only where "${object}" is a namespace: ` +
        `{% set ${object} = namespace() %}`,
    )
  }
}
