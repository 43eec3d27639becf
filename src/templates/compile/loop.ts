import { equals } from '../values/compare.ts'
import {
  Callable,
  Facade,
  orElse,
  Undefined,
  type Arguments,
  type Operand,
} from '../values/operand.ts'
import { TemplateError } from '../template-error.ts'

/** The rounds of a `for`, with what `loop` says about them. */
export interface Loop {
  /** `loop` itself. */
  readonly facade: Facade
  /** The item of the next round; undefined when there is none. */
  next(): Operand | undefined
}

interface LoopOptions {
  items: Iterable<Operand>
  /** Number of items where it is known before walking. */
  size: number | undefined
  /** Loops around this one that called it. */
  depth: number
  /** Runs the loop on other items; null for one that is not recursive. */
  recurse: ((items: Operand) => Operand) | null
  strict: boolean
}

export function createLoop({ items, size, depth, recurse, strict }: LoopOptions): Loop {
  const iterator = items[Symbol.iterator]()
  const ahead: Operand[] = []
  let index = -1
  let length = size
  let current: Operand | undefined
  let previous: Operand | undefined
  let lastChanged: readonly Operand[] | null = null

  function peek(): Operand | undefined {
    if (ahead.length === 0) {
      const { done, value } = iterator.next()
      if (done !== true) ahead.push(value)
    }
    return ahead[0]
  }

  function countItems(): number {
    if (length === undefined) {
      for (let round = iterator.next(); round.done !== true; round = iterator.next()) {
        ahead.push(round.value)
      }
      length = ahead.length + index + 1
    }
    return length
  }

  const cycle = new Callable('cycle', ({ positional }) => {
    const item = positional[index % positional.length]
    if (item === undefined) throw new TemplateError('"loop.cycle" needs at least one item')
    return item
  })
  const changed = new Callable('changed', ({ positional }) => {
    if (lastChanged !== null && equals(lastChanged, positional)) return false
    lastChanged = positional
    return true
  })

  function attribute(name: string): Operand | undefined {
    switch (name) {
      case 'index':
        return index + 1
      case 'index0':
        return index
      case 'revindex':
        return countItems() - index
      case 'revindex0':
        return countItems() - index - 1
      case 'first':
        return index === 0
      case 'last':
        return peek() === undefined
      case 'length':
        return countItems()
      case 'depth':
        return depth + 1
      case 'depth0':
        return depth
      case 'previtem':
        return orElse(previous, () => new Undefined('there is no previous item', strict))
      case 'nextitem':
        return orElse(peek(), () => new Undefined('there is no next item', strict))
      case 'cycle':
        return cycle
      case 'changed':
        return changed
      default:
        return undefined
    }
  }

  function call({ positional }: Arguments): Operand {
    if (recurse === null) {
      throw new TemplateError('"loop" can be called only in {% for … recursive %}')
    }
    const [inner] = positional
    if (inner === undefined || positional.length > 1)
      throw new TemplateError('"loop" takes one list')
    return recurse(inner)
  }

  return {
    facade: new Facade('LoopContext', () => `<LoopContext ${index + 1}/${countItems()}>`, {
      attribute,
      call,
      length: countItems,
    }),
    next() {
      const item = peek()
      ahead.shift()
      index++
      previous = current
      current = item
      return item
    },
  }
}
