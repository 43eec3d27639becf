import { z } from 'zod'
import { mapping, text } from '../config/scalars.ts'
import { CellFailure } from '../graph/failure.ts'
import { type Loaded, LoadFault } from '../graph/kind.ts'
import { defineValidator, type LoadedFunction, type Verdict } from './define.ts'
import { readVerdict, valueOfAnswer } from './read-verdict.ts'
import { compileResultSchema, type ResultCheck } from './result-schema.ts'

const params = z
  .strictObject({
    validation_function: text({ nonEmpty: true }).describe(
      "The function: ./checks.ts#name, a path from the config's folder and what the file exports.",
    ),
    output_schema: mapping()
      .nullable()
      .default(null)
      .describe(
        'A JSON Schema of { data: [verdict, …] }; fields that its objects do not name are refused.',
      ),
  })
  .describe('The verdict of your own function on the targets of a row.')

interface LoadedCallable extends Loaded {
  readonly judge: LoadedFunction
  readonly faultsIn: ResultCheck
}

/** The verdict of your own function on the targets of a row. */
export const callableValidator = defineValidator<z.output<typeof params>, LoadedCallable>({
  type: 'local_callable',
  params,
  judges: 'row',
  by: 'cell',
  async load({ validation_function: reference, output_schema: schema }, context) {
    if (/^[A-Za-z_]\w*$/.test(reference)) {
      throw new LoadFault(`validation_function names the Python function '${reference}'`, {
        code: 'python-function',
        field: 'validator_params',
        suggestion: `Write the function in TypeScript and name it: ./checks.ts#${reference}.`,
      })
    }
    const faultsIn = compileResultSchema(schema)
    const judge = await context.userFunction(reference, 'validator_params')
    return { judge, faultsIn, identity: judge.identity }
  },
  describe: () => ({ fields: null }),
  open(_params, _context, { judge, faultsIn }) {
    return async (subject, signal) => verdictIn(await judge.call(subject, signal), faultsIn)
  },
})

function verdictIn(answer: unknown, faultsIn: ResultCheck): Verdict {
  const given = typeof answer === 'boolean' ? { is_valid: answer } : answer
  const read = valueOfAnswer(given)
  const verdict = typeof read === 'string' ? read : readVerdict(read.value)
  if (typeof verdict === 'string') {
    throw new CellFailure(
      'wrong-verdict',
      `the function must give true, false or an object with is_valid, and ${verdict}`,
    )
  }
  const [fault] = faultsIn({ data: [given] })
  if (fault === undefined) return verdict
  throw new CellFailure(
    'wrong-verdict',
    `the function's verdict does not fit output_schema: ${fault}`,
  )
}
