import { escapeHtml } from '../values/arithmetic.ts'
import { limits, spendText } from '../limits.ts'
import { Markup, type Operand } from '../values/operand.ts'
import type { Statement } from '../parse/nodes.ts'
import type { RenderContext } from '../values/operation.ts'
import { toText } from '../values/python-text.ts'
import { toValue } from '../values/to-value.ts'
import type { Scope } from '../template.ts'
import { TemplateError } from '../template-error.ts'
import type { Value } from '../../util/value.ts'

/** Variables of one scope while it runs, and the scope around it. */
export interface Frame {
  readonly slots: (Operand | undefined)[]
  readonly parent: Frame | null
  readonly render: Render
}

/** What one render has for all of its code. */
interface Render {
  readonly scope: Scope
  readonly plain: RenderContext
  readonly escaping: RenderContext
}

export type Evaluate = (frame: Frame) => Operand
export type Execute = (frame: Frame, out: Output) => void

/** Compiles statements as a separate scope; handed in, as statements contain one another. */
export type CompileInner = (
  body: readonly Statement[],
  outer: Block,
  names?: readonly string[],
) => { block: Block; run: Execute }

/** Text that grows; one for the render and one for each captured block. */
export class Output {
  text = ''
  readonly #print: ((value: Value) => string) | null

  constructor(print: ((value: Value) => string) | null = null) {
    this.#print = print
  }

  write(text: string): void {
    this.text += text
    if (this.text.length > limits.characters) spendText(this.text.length)
  }

  print(operand: Operand, escape: boolean): void {
    if (typeof operand === 'string' && !escape) this.write(operand)
    else if (escape && !(operand instanceof Markup)) this.write(escapeHtml(toText(operand)))
    else if (this.#print === null || operand instanceof Markup) this.write(toText(operand))
    else this.write(this.#print(toValue(operand)))
  }
}

export type Missing = 'strict' | 'names' | 'lenient'

/** Names of one scope while it is compiled. */
export interface Block {
  readonly slots: ReadonlyMap<string, number>
  readonly parent: Block | null
  readonly unit: Unit
  readonly escape: boolean
}

/** What all code of one template shares while it is compiled. */
export interface Unit {
  readonly source: string
  readonly missing: Missing
  /** Adds the place of a node to errors that have none. */
  locate(start: number, end: number, thrown: unknown): unknown
}

export function openBlock(parent: Block, names: Iterable<string>): Block {
  const slots = new Map<string, number>()
  for (const name of names) if (!slots.has(name)) slots.set(name, slots.size)
  return { slots, parent, unit: parent.unit, escape: parent.escape }
}

export function openFrame(parent: Frame): Frame {
  return { slots: [], parent, render: parent.render }
}

/** Assigns a name of this very block. */
export function compileStore(block: Block, name: string): (frame: Frame, value: Operand) => void {
  const slot = block.slots.get(name)
  if (slot === undefined) throw new Error(`the name ${name} was not declared`)
  return (frame, value) => {
    frame.slots[slot] = value
  }
}

/** Where a name may be: the innermost scope that has it set wins. */
export function candidates(block: Block, name: string): { hops: number; slot: number }[] {
  const found: { hops: number; slot: number }[] = []
  let hops = 0
  for (let at: Block | null = block; at !== null; at = at.parent) {
    const slot = at.slots.get(name)
    if (slot !== undefined) found.push({ hops, slot })
    hops++
  }
  return found
}

export function frameAt(frame: Frame, hops: number): Frame {
  let at = frame
  for (let left = hops; left > 0; left--) {
    if (at.parent === null) throw new TemplateError('a variable is out of reach')
    at = at.parent
  }
  return at
}

/** The context that operations of a block get. */
export function contextOf(block: Block): (frame: Frame) => RenderContext {
  return block.escape ? ({ render }) => render.escaping : ({ render }) => render.plain
}
