import { z } from 'zod'
import { commonFields } from '../config/common-fields.ts'
import type { Literal, ModelConfig } from '../config/dataset.ts'
import { isMapping, type Mapping } from '../config/literal.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import { literal, mapping, oneOf, text } from '../config/scalars.ts'
import { operationOf } from '../graph/generation-operation.ts'
import { defineColumn, LoadFault } from '../graph/kind.ts'
import type { Operation } from '../graph/request.ts'
import { bindCustom } from './custom-cell.ts'
import { customFields } from './custom-fields.ts'
import type { CustomContext } from './define-custom.ts'
import { loadCustom } from './load-custom.ts'
import { plainLiteral } from './plain-json.ts'
import { type CustomDefinition, type CustomPlan, planOf } from './read-custom.ts'

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['custom']),
    generator: text({ nonEmpty: true })
      .nullable()
      .default(null)
      .describe(
        "The function: ./columns.ts#name, a path from the config's folder and what the file exports.",
      ),
    ...customFields,
    generator_params: mapping()
      .nullable()
      .default(null)
      .describe('Any values; the function gets them as context.params.'),
    generator_function: literal()
      .default(null)
      .describe(
        'Where NeMo Data Designer names a Python function: only read together with generator.',
      ),
  })
  .describe("Values made by a function of the user's own, in TypeScript or JavaScript.")

/** Values made by a function of the user's own. */
export const custom = defineColumn({
  type: 'custom',
  schema,
  load({ generator, generator_function: python }, context) {
    if (generator !== null) return loadCustom(generator, context)
    if (python === null) {
      throw new LoadFault('it names no function', {
        code: 'missing-field',
        field: 'generator',
        suggestion: 'Write generator: ./columns.ts#name.',
      })
    }
    const name = nameOf(python)
    throw new LoadFault(`generator_function names the Python function '${name}'`, {
      code: 'python-function',
      field: 'generator_function',
      suggestion: `Write the function in TypeScript and name it with generator: ./columns.ts#${name}; the arguments of its decorator (required_columns, side_effect_columns, model_aliases) become fields of the column.`,
    })
  },
  describe(config, context, { definition }) {
    const plan = planOf(config, definition)
    const by = unitOf(plan, definition)
    const at = (field: keyof typeof customFields): ConfigPath =>
      config[field] === null ? [...context.path, 'generator'] : [...context.path, field]
    return {
      by,
      pure: plan.pure,
      output: plan.type,
      references: plan.required.map((name) => {
        const index = config.required_columns?.indexOf(name)
        return { name, path: [...at('required_columns'), ...(index === undefined ? [] : [index])] }
      }),
      routes:
        by === 'cell' && !plan.pure
          ? plan.aliases.map((name) => ({
              name,
              operation: operationFor(context.model(name)),
              requests: 'many' as const,
            }))
          : [],
      sides: Array.from(plan.sides, ([name, output]) => ({ name, output })),
      identity: plan.aliases.map((alias) => [alias, context.modelIdentity(alias)]),
      problems: contradictions(config.name, plan, at('model_aliases')),
    }
  },
  bind(config, context, { definition, code }) {
    const plan = planOf(config, definition)
    return bindCustom(
      {
        name: config.name,
        plan,
        by: unitOf(plan, definition),
        params: paramsOf(config.generator_params),
        // What its author says of its row is checked by no one: the row has what is declared.
        generate: definition.generate as (input: unknown, context: CustomContext) => unknown,
        code,
      },
      context,
    )
  },
})

/** What the alias's model does; of one that is not configured nothing more is reported. */
function operationFor(model: ModelConfig | undefined): Operation {
  return model === undefined ? 'chat' : operationOf[model.inference_parameters.generation_type]
}

/** One that is pure and waits for nothing is called with its row available; a row has no side columns. */
function unitOf(
  { strategy, pure, sides }: CustomPlan,
  definition: CustomDefinition,
): 'row' | 'cell' | 'column' {
  if (strategy === 'full_column') return 'column'
  const waits = Object.prototype.toString.call(definition.generate) === '[object AsyncFunction]'
  return pure && sides.size === 0 && !waits ? 'row' : 'cell'
}

function contradictions(
  name: string,
  { strategy, pure, aliases }: CustomPlan,
  path: ConfigPath,
): Problem[] {
  if (aliases.length === 0 || (strategy === 'cell_by_cell' && !pure)) return []
  const [why, suggestion] = pure
    ? [
        'is pure: its cells are made again, and every request would be paid again',
        'Leave pure out.',
      ]
    : [
        'gets whole columns, which ask no models here',
        'Send requests cell by cell, and use another column for work that needs all rows.',
      ]
  return [
    {
      level: 'error',
      code: 'models-not-possible',
      path,
      message: `Column '${name}' has model_aliases, and its function ${why}`,
      suggestion,
    },
  ]
}

function paramsOf(params: Mapping | null): Readonly<Record<string, unknown>> {
  const plain = params === null ? {} : plainLiteral(params)
  // A mapping gives an object.
  return plain as Readonly<Record<string, unknown>>
}

/** Data Designer writes the bare name, and an object into what it fingerprints. */
function nameOf(python: Literal): string {
  if (typeof python === 'string') return python
  const name = isMapping(python) ? python['name'] : undefined
  return typeof name === 'string' ? name : 'name'
}
