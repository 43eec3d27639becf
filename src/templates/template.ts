import type { Value } from '../util/value.ts'

/** Where a template takes its variables from; undefined when there is no such name. */
export interface Scope {
  get(name: string): Value | undefined
}

/** A variable a template reads from its scope, with the place it is first read. */
export interface TemplateReference {
  name: string
  /** 1-based, inside the template's text. */
  line: number
  column: number
  /**
   * Read from the scope only if it has it: a name Jinja gives every template, such as `range`, or
   * one that the template sets itself, though not in every way through it.
   */
  optional?: true
  /** Fields of its value that are read by name, where they must be there for that to make sense. */
  places?: readonly TemplatePlace[]
}

/** A field of a variable's value, as a template reads it. */
export interface TemplatePlace {
  /** Names of fields, and null for any item of a list; the last one is a name. */
  place: readonly (string | null)[]
  line: number
  column: number
}

export interface RenderOptions {
  /** Uniform in [0, 1); without it `random`, `shuffle` and `lipsum` are errors. */
  random?: () => number
  /** How a value that is not text is printed; as Python prints it by default. */
  print?: (value: Value) => string
}

/** A parsed template; parse once, render often. */
export interface Template {
  readonly source: string
  /** Root names read from the scope, each once, in order of appearance. */
  readonly references: readonly TemplateReference[]
  /**
   * The value of the one expression it is, before any text is made of it; null where there is more
   * than white space in addition to. Throws `TemplateError`.
   */
  readonly value: ((scope: Scope, options?: RenderOptions) => Value) | null
  /** The text. Throws `TemplateError`. */
  render(scope: Scope, options?: RenderOptions): string
  /**
   * The native value, as Jinja's native types have it: one expression keeps its type; text, also
   * that of a single expression, is read as a Python literal where it is one.
   */
  evaluate(scope: Scope, options?: RenderOptions): Value
}
