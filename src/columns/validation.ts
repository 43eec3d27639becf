import { z } from 'zod'
import { commonFields } from '../config/common-fields.ts'
import type { Problem } from '../config/problem.ts'
import { integer, list, oneOf, text } from '../config/scalars.ts'
import {
  type BindContext,
  type ColumnDescription,
  type ColumnKind,
  defineColumn,
  type DescribeContext,
  type Generator,
  type LoadContext,
  type Score,
} from '../graph/kind.ts'
import type { Origin } from '../graph/origin.ts'
import type { Validator, ValidatorDescription } from '../validators/define.ts'
import { rejectsInvalid } from './invalid-rows.ts'
import { taggedParams } from './tagged-params.ts'
import { loadCheckFunction } from './check-function.ts'
import {
  bindValidation,
  consequences,
  serviceName,
  type ValidationConfig,
} from './validation-cell.ts'

/** The validators a config may name. */
interface ValidatorTable {
  readonly validators: ReadonlyMap<string, Validator>
  /** The plugin a validator is from; null for a built-in one. */
  readonly originOf: (validatorType: string) => Origin | null
}

/** The column kind that judges other columns with the given validators. */
export function createValidationKind({
  validators,
  originOf,
}: ValidatorTable): ColumnKind<ValidationConfig> {
  function validatorOf({ validator_type: type }: ValidationConfig): Validator {
    const validator = validators.get(type)
    if (validator === undefined) throw new RangeError(`No validator '${type}'.`)
    return validator
  }

  return defineColumn<ValidationConfig>({
    type: 'validation',
    schema: validationSchema([...validators.values()]),
    gate: {
      kind: rejectsInvalid,
      fields: ({ name, on_invalid: on }) => (on === 'reject' ? { of: name } : null),
    },
    async load(config, context) {
      const validator = validatorOf(config)
      const own = await validator.load?.(config.validator_params, loadContext(context))
      return own ?? { identity: null }
    },
    describe(config, context, loaded) {
      const validator = validatorOf(config)
      const { path } = context
      const described = validator.describe(
        config.validator_params,
        {
          path,
          name: config.name,
          targets: config.target_columns,
          columns: context.columns,
          isColumn: (name) => isColumn(context, name),
        },
        loaded,
      )
      const targets = config.target_columns.map((name, index) => ({
        name,
        path: [...path, 'target_columns', index],
      }))
      return {
        ...workOf(validator, config),
        output: 'json',
        references: [...targets, ...(described.references ?? [])],
        identity: originOf(config.validator_type) ?? undefined,
        fieldsAt: (place) => fieldsAt(place, validator, config.target_columns, described),
        scores: scoresOf(validator, config.target_columns),
        problems: [...ownProblems(config, context), ...(described.problems ?? [])],
      }
    },
    bind(config, context: BindContext, loaded): Generator {
      return bindValidation(validatorOf(config), config, { context, loaded })
    },
  })
}

function workOf(
  validator: Validator,
  { name, validator_params: params }: ValidationConfig,
): Pick<ColumnDescription, 'by' | 'pure' | 'routes'> {
  if (validator.by === 'row') return { by: 'row', pure: true, routes: [] }
  if (validator.by === 'cell') return { by: 'cell', pure: false, routes: [] }
  const service = validator.service(params)
  const route = {
    name: serviceName(name),
    operation: 'validate',
    requests: 'shared',
    service,
  } as const
  return { by: 'cell', pure: false, routes: [route] }
}

function isColumn(context: DescribeContext, name: string): boolean {
  return context.columns.has(name) || context.seedColumn(name) !== undefined
}

function loadContext(context: LoadContext): Parameters<NonNullable<Validator['load']>>[1] {
  return {
    directory: context.directory,
    signal: context.signal,
    userFunction: (reference, field) => loadCheckFunction(reference, field, context),
  }
}

/** For the report: how often each target was valid. */
function scoresOf({ judges }: Validator, targets: readonly string[]): Score[] {
  const names = judges === 'target' && targets.length > 1 ? targets : ['is_valid']
  const options = [
    { value: 'true', meaning: 'valid' },
    { value: 'false', meaning: 'invalid' },
  ]
  return names.map((name) => ({ name, description: 'Whether it is valid.', options, isBare: true }))
}

/** Verdicts of several targets stand under their names. */
function fieldsAt(
  place: readonly (string | null)[],
  { judges }: Validator,
  targets: readonly string[],
  { fields }: ValidatorDescription,
): readonly string[] | null {
  const isByTarget = judges === 'target' && targets.length > 1
  if (isByTarget && place.length === 0) return targets
  const isVerdict = place.length === (isByTarget ? 1 : 0)
  return isVerdict && fields !== null ? ['is_valid', ...fields] : null
}

function ownProblems(
  { name, on_invalid: on, on_failure: failing, target_columns: targets }: ValidationConfig,
  { path }: DescribeContext,
): Problem[] {
  const twice = targets.findIndex((target, index) => targets.indexOf(target) !== index)
  return [
    ...(on === 'drop' && failing !== 'drop'
      ? [
          {
            level: 'error',
            code: 'contradiction',
            path: [...path, 'on_invalid'],
            message: `Column '${name}' drops rows that are invalid, and its on_failure ${failing === 'null' ? 'keeps them' : 'stops the run for them'}`,
            suggestion: 'Leave on_failure out, or write on_invalid: reject.',
          } as const,
        ]
      : []),
    ...(twice === -1
      ? []
      : [
          {
            level: 'error',
            code: 'duplicate-target',
            path: [...path, 'target_columns', twice],
            message: `Column '${name}' names the target '${targets[twice]}' twice`,
            suggestion: 'Name it once.',
          } as const,
        ]),
  ]
}

function validationSchema(kinds: readonly Validator[]): z.ZodType<ValidationConfig> {
  const [first, ...rest] = kinds.map(schemaOf)
  if (first === undefined) throw new RangeError('A validation column needs at least one validator.')
  return z.discriminatedUnion('validator_type', [first, ...rest])
}

function schemaOf({ type, params }: Validator) {
  return z.strictObject({
    ...commonFields,
    column_type: z.literal('validation'),
    target_columns: list(text({ nonEmpty: true }), { min: 1 }).describe(
      'The columns that are judged.',
    ),
    validator_type: z.literal(type),
    validator_params: taggedParams('validator_type', type, params).describe(
      'Parameters of the validator.',
    ),
    batch_size: integer({ min: 1, max: 10_000 })
      .default(10)
      .describe('Rows that share a request of a remote validator, at most.'),
    on_invalid: oneOf(consequences)
      .default('keep')
      .describe('What happens to a row with an invalid target: kept, rejected or dropped.'),
  })
}
