import { callableValidator } from './callable-validator.ts'
import { codeValidator } from './code-validator.ts'
import type { Validator } from './define.ts'
import { executionValidator } from './execution-validator.ts'
import { expressionValidator } from './expression-validator.ts'
import { lengthValidator } from './length-validator.ts'
import { regexValidator } from './regex-validator.ts'
import { remoteValidator } from './remote-validator.ts'
import { schemaValidator } from './schema-validator.ts'

/** The built-in validators. */
export const validators: readonly Validator[] = [
  codeValidator,
  callableValidator,
  remoteValidator,
  schemaValidator,
  regexValidator,
  lengthValidator,
  expressionValidator,
  executionValidator,
]
