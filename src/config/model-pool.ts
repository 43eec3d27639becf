import { z } from 'zod'
import type { ModelConfig, PoolChoice } from './dataset.ts'
import { withForm } from './json-form.ts'
import { entriesOf, isMapping, mappingOf, quoted } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { double, list, mapping, refuse, text } from './scalars.ts'

const percentile = /^p([5-9]\d(?:\.\d{1,2})?)$/

/** When a second request is sent: after such a percentile of what answers take. */
function hedgeWord(): z.ZodType<string> {
  const word = z.unknown().transform((input, context) =>
    typeof input === 'string' && percentile.test(input)
      ? input
      : refuse(context, input, {
          code: 'wrong-format',
          expected: 'p and a percentile from 50 to 99.99, such as p95',
        }),
  )
  return withForm(word, { json: { type: 'string', pattern: percentile.source } })
}

/** `p95` as 0.95. */
export function hedgeQuantile(word: string): number {
  return Number(percentile.exec(word)?.[1]) / 100
}

const choiceSchema = z.strictObject({
  provider: text({ nonEmpty: true }).describe('Name of a provider.'),
  model: text({ nonEmpty: true })
    .nullable()
    .default(null)
    .describe("The provider's name of the model; by default, the model next to the pool."),
  weight: double({ above: 0, below: Infinity })
    .default(1)
    .describe('Its share of the requests, relative to the other choices.'),
  extra_body: mapping()
    .nullable()
    .default(null)
    .describe("Further fields of every request there; they go before those of the model's."),
})

export const poolFields = {
  pool: list(choiceSchema, { min: 1 }).describe('Where its requests may go.'),
  model: text({ nonEmpty: true })
    .nullable()
    .default(null)
    .describe("The provider's name of the model, for choices that name none."),
  hedge: hedgeWord()
    .nullable()
    .default(null)
    .describe(
      'Sends a request a second time, to another choice, when its answer takes longer than this percentile of the others.',
    ),
}

type ReadChoice = z.output<typeof choiceSchema>

/** Gives every choice its model; says what is wrong with them. */
export function completePool(
  choices: readonly ReadChoice[],
  { alias, model, path }: { alias: string; model: string | null; path: ConfigPath },
): { pool: PoolChoice[]; problems: Problem[] } {
  const pool = choices.map((choice) => ({ ...choice, model: choice.model ?? model ?? '' }))
  const problems = pool.flatMap((choice, index): Problem[] => {
    const at = [...path, 'pool', index]
    if (choice.model === '') {
      return [
        {
          level: 'error',
          code: 'missing-field',
          path: [...at, 'model'],
          message: `pool[${index}] of model ${quoted(alias)} lacks 'model'`,
          expected: 'text that is not empty',
          suggestion: 'Name the model there, or next to the pool if all choices have the same one.',
        },
      ]
    }
    const first = pool.findIndex(
      (other) => other.provider === choice.provider && other.model === choice.model,
    )
    if (first === index) return []
    return [
      {
        level: 'error',
        code: 'duplicate-choice',
        path: at,
        message: `pool[${index}] of model ${quoted(alias)} is pool[${first}] once more: ${choice.model} at ${choice.provider}`,
        suggestion: `Remove one of them; 'weight: 2' gives a choice twice as many requests.`,
      },
    ]
  })
  if (model !== null && choices.every((choice) => choice.model !== null)) {
    problems.push({
      level: 'error',
      code: 'pool-beside-model',
      path: [...path, 'model'],
      message: `Model ${quoted(alias)} has a 'model' next to a pool whose choices all name their own`,
      suggestion: 'Remove it, or leave it out of the choices that it is for.',
    })
  }
  return { pool, problems }
}

/** Fields that say two things at once: each is reported, and omitted from what is read then. */
export function misplacedFields(
  value: unknown,
  path: ConfigPath,
  subject: string,
): { rest: unknown; problems: Problem[] } {
  if (!isMapping(value)) return { rest: value, problems: [] }
  const problems: Problem[] = []
  if ('pool' in value && 'provider' in value) {
    problems.push({
      level: 'error',
      code: 'pool-beside-provider',
      path: [...path, 'provider'],
      message: `${subject} has a 'provider' next to its pool`,
      expected: "one of 'provider' and 'pool'",
      suggestion: 'Make it a choice of the pool: - { provider: … }',
    })
  }
  if (!('pool' in value) && (value['hedge'] ?? null) !== null) {
    problems.push({
      level: 'error',
      code: 'hedge-without-pool',
      path: [...path, 'hedge'],
      message: `${subject} has 'hedge', and no pool with other choices`,
      suggestion: "Write a 'pool' in place of 'provider', or remove it.",
    })
  }
  const misplaced = 'pool' in value ? ['provider'] : ['hedge']
  return {
    rest: mappingOf(entriesOf(value).filter(([key]) => !misplaced.includes(key))),
    problems,
  }
}

/** The models that a model stands for: itself, or one for each choice of its pool. */
export function choicesOf(model: ModelConfig): { model: ModelConfig; weight: number }[] {
  const { pool, hedge: _hedge, ...rest } = model
  if (pool === undefined) return [{ model, weight: 1 }]
  const parameters = model.inference_parameters
  return pool.map(({ provider, model: name, weight, extra_body: own }) => ({
    model: {
      ...rest,
      provider,
      model: name,
      inference_parameters: { ...parameters, extra_body: mergedBody(parameters.extra_body, own) },
    },
    weight,
  }))
}

type Body = Record<string, unknown> | null

/** Fields of requests, the latter over the former. */
export function mergedBody(own: Body, over: Body): Body {
  if (own === null || over === null) return over ?? own
  const entries = [own, over].flatMap((body) => (isMapping(body) ? entriesOf(body) : []))
  return mappingOf(new Map(entries))
}
