import { z } from 'zod'
import { list, mapOf, oneOf, text } from '../config/scalars.ts'
import { defineColumn } from '../graph/kind.ts'
import { stringifyJson } from '../util/json.ts'
import type { Value } from '../util/value.ts'
import { answerSchema } from './answer-schema.ts'
import { answerFormat, schemaInstructions } from './ask-for-json.ts'
import { commonFields } from '../config/common-fields.ts'
import { bindLlm, describeLlm, llmFields, llmTemplates } from './llm-column.ts'
import { plainOf } from './plain-json.ts'
import { fieldsAt } from './schema-fields.ts'
import { objectOf } from './schema-nodes.ts'
import { readStructured } from './structured-reply.ts'

const score = z
  .strictObject({
    name: text({ nonEmpty: true }).describe('The name of the score; a field of the value.'),
    description: text().describe('What is scored.'),
    options: mapOf(text()).describe('The possible scores, each with its meaning.'),
  })
  .describe('One thing a judge scores.')

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['llm-judge']),
    ...llmFields,
    scores: list(score, { min: 1 })
      .superRefine((scores, context) => {
        scores.forEach(({ name, options }, index) => {
          const before = scores.findIndex((other) => other.name === name)
          if (before < index) {
            const message = `a unique name; scores[${before}] has this one`
            context.addIssue({ code: 'custom', path: [index, 'name'], message })
          }
          if (options.size > 0) return
          const message = 'at least one score with its meaning'
          context.addIssue({ code: 'custom', path: [index, 'options'], message })
        })
      })
      .describe('The question and its scale.'),
  })
  .describe('Scores with reasons, given by a model.')

type Score = z.output<typeof score>

/** Scores with reasons, given by a model: an object of the scores, each with `reasoning` and `score`. */
export const llmJudge = defineColumn({
  type: 'llm-judge',
  schema,
  templates: llmTemplates,
  instructions: ({ scores }) => schemaInstructions(stringifyJson(formOf(scores))),
  describe(config, context) {
    const form = objectOf(plainOf(formOf(config.scores))) ?? {}
    return {
      ...describeLlm(config, context, 'json'),
      fieldsAt: (place) => fieldsAt(form, place),
      scores: config.scores.map(({ name, description: about, options }) => ({
        name,
        description: about,
        options: [...options].map(([value, meaning]) => ({ value, meaning })),
      })),
    }
  },
  bind(config, context) {
    const form = formOf(config.scores)
    const compiled = answerSchema(objectOf(plainOf(form)) ?? {})
    const names = config.scores.map(({ name }) => name)
    return bindLlm(config, context, {
      instructions: schemaInstructions(stringifyJson(form)),
      format: answerFormat(config.name, compiled.sent),
      read(reply) {
        const read = readStructured(reply, compiled)
        return 'value' in read ? { value: inOrder(read.value, names) } : read
      },
    })
  },
})

/** The form of a judge's answer: the reason comes first, so that the score follows from it. */
function formOf(scores: readonly Score[]): Value {
  return objectValue({
    type: 'object',
    properties: new Map(scores.map((one) => [one.name, scoreForm(one)])),
    required: scores.map(({ name }) => name),
    additionalProperties: false,
  })
}

function scoreForm({ description, options }: Score): Value {
  const meanings = [...options].map(([option, meaning]) => `${option}: ${meaning}`)
  return objectValue({
    type: 'object',
    description,
    properties: objectValue({
      reasoning: objectValue({ type: 'string', description: 'Why this score is given.' }),
      score: objectValue({
        type: 'string',
        enum: [...options.keys()],
        description: meanings.join('\n'),
      }),
    }),
    required: ['reasoning', 'score'],
    additionalProperties: false,
  })
}

/** Scores in the order of the config, each with its reason first, however the model ordered them. */
function inOrder(value: Value, names: readonly string[]): Value {
  if (!(value instanceof Map)) return value
  const scores = value as ReadonlyMap<string, Value>
  return new Map(
    names.map((name) => {
      const given = scores.get(name)
      const parts = given instanceof Map ? (given as ReadonlyMap<string, Value>) : new Map()
      return [
        name,
        objectValue({
          reasoning: parts.get('reasoning') ?? '',
          score: parts.get('score') ?? null,
        }),
      ]
    }),
  )
}

function objectValue(fields: Readonly<Record<string, Value>>): Value {
  return new Map(Object.entries(fields))
}
