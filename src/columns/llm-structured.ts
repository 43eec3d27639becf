import { z } from 'zod'
import { entriesOf, type Mapping, mappingOf, valueOf } from '../config/literal.ts'
import type { Problem } from '../config/problem.ts'
import { mapping, oneOf } from '../config/scalars.ts'
import { defineColumn } from '../graph/kind.ts'
import { stringifyJson } from '../util/json.ts'
import { answerSchema } from './answer-schema.ts'
import { commonFields } from '../config/common-fields.ts'
import { answerFormat, schemaInstructions } from './ask-for-json.ts'
import { bindLlm, describeLlm, llmFields, llmTemplates } from './llm-column.ts'
import { plainLiteral } from './plain-json.ts'
import { schemaFaults } from './schema-faults.ts'
import { fieldsAt } from './schema-fields.ts'
import { likelyTypos } from './schema-keywords.ts'
import { objectOf, type SchemaObject } from './schema-nodes.ts'
import { readStructured } from './structured-reply.ts'

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['llm-structured']),
    ...llmFields,
    output_format: mapping().describe('A JSON Schema: the form of the value.'),
  })
  .describe('A value of a given form, made by a model.')

/** A JSON value of a given form, made by a model. */
export const llmStructured = defineColumn({
  type: 'llm-structured',
  schema,
  templates: llmTemplates,
  instructions: ({ output_format: form }) => schemaInstructions(textOf(form)),
  describe(config, context) {
    const described = describeLlm(config, context, 'json')
    const form = schemaOf(config.output_format)
    const path = [...context.path, 'output_format']
    const faults = schemaFaults(form).map(({ path: inner, message }): Problem => ({
      level: 'error',
      code: 'wrong-schema',
      path: [...path, ...inner],
      message: `The output_format of column '${config.name}' is not a usable JSON Schema: ${message}`,
    }))
    const typos = likelyTypos(form).map(({ path: inner, meant }): Problem => ({
      level: 'warning',
      code: 'unknown-keyword',
      path: [...path, ...inner],
      message: `The output_format of column '${config.name}' has '${inner.at(-1)}', which is not a keyword of JSON Schema`,
      suggestion: `Did you mean '${meant}'?`,
    }))
    return {
      ...described,
      fieldsAt: (place) => fieldsAt(form, place),
      problems: [...(described.problems ?? []), ...faults, ...typos],
    }
  },
  bind(config, context) {
    const form = answerSchema(schemaOf(config.output_format))
    return bindLlm(config, context, {
      instructions: schemaInstructions(textOf(config.output_format)),
      format: answerFormat(config.name, form.sent),
      read: (reply) => readStructured(reply, form),
    })
  },
})

/** The schema as it was written: the order of its fields is the one the model answers in. */
function textOf(form: Mapping): string {
  return stringifyJson(valueOf(mappingOf(entriesOf(form).filter(([key]) => key !== '$schema'))))
}

const schemas = new WeakMap<Mapping, SchemaObject>()

/** A schema of a config as plain JSON, without the name of its dialect: there is one. Once for each. */
function schemaOf(form: Mapping): SchemaObject {
  const { $schema: _dialect, ...plain } = objectOf(plainLiteral(form)) ?? {}
  const made = schemas.get(form) ?? plain
  schemas.set(form, made)
  return made
}
