/** Where in a config a problem is: keys and list positions from the root. */
export type ConfigPath = readonly (string | number)[]

/** A place in a text: line and column, from 1. */
export interface Position {
  /** 1-based. */
  line: number
  /** 1-based, in UTF-16 units. */
  column: number
}

/** A problem in the user's input. Errors refuse the config; warnings are only shown. */
export interface Problem {
  level: 'error' | 'warning'
  /** Stable and greppable, kebab-case: `unknown-key`, `unknown-reference`, `cycle`… */
  code: string
  path: ConfigPath
  /** One sentence naming the column or object, what is wrong and, where it helps, what arrived. */
  message: string
  /** What would have been right. */
  expected?: string
  /** What was written, shortened. */
  received?: string
  /** A near miss or the way out, one sentence. */
  suggestion?: string
  /** A position inside the text at `path`, for templates. */
  within?: Position
  /** Filled in by the loader, which knows the file. */
  file?: string
  position?: Position
  /** The line at the position with a caret below it, where showing it helps. */
  excerpt?: string
}
