/** A template that cannot be parsed; nothing was rendered. */
export class TemplateSyntaxError extends Error {
  /** The message without the place. */
  readonly reason: string
  /** 1-based, inside the template's text. */
  readonly line: number
  readonly column: number

  constructor(reason: string, line: number, column: number) {
    super(`${reason} (line ${line}, column ${column})`)
    this.name = 'TemplateSyntaxError'
    this.reason = reason
    this.line = line
    this.column = column
  }
}

/** A value that a template asked for and that is not there. */
export interface Asked {
  /** In UTF-16 units from the start of the template. */
  readonly offset: number
  /** The name that is not defined; null for a part of a value that is. */
  readonly name: string | null
}

interface TemplateErrorOptions {
  line?: number
  column?: number
  expression?: string
  asked?: Asked | null
}

/** Rendering failed: a missing value, a wrong type, a limit. */
export class TemplateError extends Error {
  /** The message without the place. */
  readonly reason: string
  /** 1-based, inside the template's text; 0 where no statement was running. */
  readonly line: number
  readonly column: number
  /** The text of the statement or expression that failed. */
  readonly expression: string
  /** The missing value that made it fail, where that was the reason. */
  readonly asked: Asked | null

  constructor(reason: string, options: TemplateErrorOptions = {}) {
    const { line = 0, column = 0, expression = '', asked = null } = options
    const where = expression === '' ? '' : ` in ${JSON.stringify(expression)}`
    super(line === 0 ? reason : `${reason}${where} (line ${line}, column ${column})`)
    this.name = 'TemplateError'
    this.reason = reason
    this.line = line
    this.column = column
    this.expression = expression
    this.asked = asked
  }
}
