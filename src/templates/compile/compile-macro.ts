import { call, compileArguments, compileExpression } from './compile-expression.ts'
import {
  compileStore,
  openFrame,
  Output,
  type Block,
  type CompileInner,
  type Execute,
  type Frame,
} from './frame.ts'
import { nested } from '../limits.ts'
import {
  Facade,
  Markup,
  orElse,
  Tuple,
  Undefined,
  type Arguments,
  type Operand,
} from '../values/operand.ts'
import type { Signature, Statement } from '../parse/nodes.ts'
import { quote } from '../values/python-text.ts'
import { TemplateError } from '../template-error.ts'
import { mentions } from '../parse/walk.ts'

type MakeMacro = (frame: Frame) => Facade

export function compileMacro(
  node: Extract<Statement, { type: 'macro' }>,
  block: Block,
  compileInner: CompileInner,
): Execute {
  const make = compileSignature(node, node.name, block, compileInner)
  const store = compileStore(block, node.name)
  return (frame) => store(frame, make(frame))
}

export function compileCallBlock(
  node: Extract<Statement, { type: 'call-block' }>,
  block: Block,
  compileInner: CompileInner,
): Execute {
  if (node.call.type !== 'call') throw new TemplateError('"call" needs a call')
  const makeCaller = compileSignature(node, 'caller', block, compileInner)
  const callee = compileExpression(node.call.callee, block)
  const given = compileArguments(node.call.given, block)
  const { start, end } = node.call.callee
  const source = block.unit.source.slice(start, end)
  const { escape } = block
  return (frame, out) => {
    const { positional, named } = given(frame)
    const withCaller = new Map(named).set('caller', makeCaller(frame))
    out.print(call(callee(frame), source, { positional, named: withCaller }), escape)
  }
}

const extras = ['varargs', 'kwargs', 'caller'] as const

/** What a macro (or the body of a `call`) is when its statement runs: a closure over the frame. */
function compileSignature(
  { parameters, body }: Signature,
  name: string,
  outer: Block,
  compileInner: CompileInner,
): MakeMacro {
  const names = parameters.map((parameter) => parameter.name)
  const used = extras.filter((extra) => !names.includes(extra) && mentions(body, extra))
  const { block, run } = compileInner(body, outer, [...names, ...used])
  const stores = names.map((parameter) => compileStore(block, parameter))
  const fallbacks = parameters.map(({ fallback }) => fallback && compileExpression(fallback, block))
  const extraStores = new Map(used.map((extra) => [extra, compileStore(block, extra)]))
  const strict = outer.unit.missing !== 'lenient'

  function notGiven(what: string): Undefined {
    return new Undefined(`${what} is missing`, strict)
  }

  function bind(inner: Frame, { positional, named }: Arguments): void {
    const rest = new Map(named)
    for (const [index, parameter] of names.entries()) {
      const isNamed = rest.has(parameter)
      if (isNamed && positional[index] !== undefined) {
        throw new TemplateError(`the macro "${name}" got ${quote(parameter)} twice`)
      }
      const value = isNamed ? rest.get(parameter) : positional[index]
      rest.delete(parameter)
      const fallback = fallbacks[index]
      const filled = orElse(value, () =>
        fallback ? fallback(inner) : notGiven(`the parameter "${parameter}" of "${name}"`),
      )
      stores[index]?.(inner, filled)
    }
    const more = positional.slice(names.length)
    const caller = extraStores.get('caller')
    if (caller !== undefined) {
      caller(
        inner,
        orElse(rest.get('caller'), () => notGiven('the caller, which {% call %} gives,')),
      )
      rest.delete('caller')
    }
    const moreNamed = extraStores.get('kwargs')
    if (moreNamed !== undefined) moreNamed(inner, rest)
    else
      for (const key of rest.keys()) {
        throw new TemplateError(`the macro "${name}" has no parameter ${quote(key)}`)
      }
    const varargs = extraStores.get('varargs')
    if (varargs !== undefined) varargs(inner, new Tuple(more))
    else if (more.length > 0) {
      throw new TemplateError(
        `the macro "${name}" takes at most ${names.length} arguments, not ${positional.length}`,
      )
    }
  }

  function attribute(member: string): Operand | undefined {
    switch (member) {
      case 'name':
        return name
      case 'arguments':
        return new Tuple(names)
      case 'catch_varargs':
        return extraStores.has('varargs')
      case 'catch_kwargs':
        return extraStores.has('kwargs')
      case 'caller':
        return extraStores.has('caller') || names.includes('caller')
      default:
        return undefined
    }
  }

  return (frame) => {
    const invoke = (given: Arguments): Operand =>
      nested(() => {
        const out = new Output()
        const inner = openFrame(frame)
        bind(inner, given)
        run(inner, out)
        return outer.escape ? new Markup(out.text) : out.text
      })
    return new Facade('Macro', () => `<Macro ${quote(name)}>`, { attribute, call: invoke })
  }
}
