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

/** Rendering failed: a missing value, a wrong type, a limit. */
export class TemplateError extends Error {
  /** The message without the place. */
  readonly reason: string
  /** 1-based, inside the template's text; 0 where no statement was running. */
  readonly line: number
  readonly column: number
  /** The text of the statement or expression that failed. */
  readonly expression: string

  constructor(reason: string, { line = 0, column = 0, expression = '' } = {}) {
    const where = expression === '' ? '' : ` in ${JSON.stringify(expression)}`
    super(line === 0 ? reason : `${reason}${where} (line ${line}, column ${column})`)
    this.name = 'TemplateError'
    this.reason = reason
    this.line = line
    this.column = column
    this.expression = expression
  }
}
