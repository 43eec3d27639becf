import { codeValidator } from './code-validator.ts'
import { expressionValidator } from './expression-validator.ts'
import { lengthValidator } from './length-validator.ts'
import type { Validator } from './define.ts'

/** The built-in validators. */
export const validators: readonly Validator[] = [
  codeValidator,
  lengthValidator,
  expressionValidator,
]
