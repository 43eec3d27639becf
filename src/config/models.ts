import { z } from 'zod'
import type { InferenceParameters, ModelConfig } from './dataset.ts'
import { withForm } from './json-form.ts'
import { isMapping, quoted } from './literal.ts'
import { completePool, misplacedFields, poolFields } from './model-pool.ts'
import { outputModes } from './output-mode.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { sampled } from './sampled.ts'
import { flag, integer, mapping, oneOf, text } from './scalars.ts'

const common = {
  max_parallel_requests: integer({ min: 1 }).default(4).describe('Requests of this alias at once.'),
  requests_per_minute: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Requests of this alias in a minute; null for no limit.'),
  tokens_per_minute: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Tokens of this alias in a minute, question and answer together; null for no limit.'),
  timeout: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Seconds until a request is given up; null means 60.'),
  extra_body: mapping()
    .nullable()
    .default(null)
    .describe('Further fields of every request, such as seed or stop.'),
}

const kindOfModel = 'What the model makes; optional.'

const chatSchema = z.strictObject({
  generation_type: oneOf(['chat-completion']).default('chat-completion').describe(kindOfModel),
  ...common,
  temperature: sampled(0, 2)
    .nullable()
    .default(null)
    .describe('From 0 to 2, or a distribution to draw from for every request.'),
  top_p: sampled(0, 1)
    .nullable()
    .default(null)
    .describe('From 0 to 1, or a distribution to draw from for every request.'),
  max_tokens: integer({ min: 1 }).nullable().default(null).describe('Most tokens of an answer.'),
  output_mode: oneOf(outputModes)
    .nullable()
    .default(null)
    .describe(
      'How the model is held to JSON of a given form; null takes the best that works there.',
    ),
})

const embeddingSchema = z.strictObject({
  generation_type: oneOf(['embedding']).default('embedding').describe(kindOfModel),
  ...common,
  encoding_format: oneOf(['float', 'base64'])
    .default('float')
    .describe('Form in which numbers are sent.'),
  dimensions: integer().nullable().default(null).describe('Numbers of an embedding.'),
})

const imageSchema = z.strictObject({
  generation_type: oneOf(['image']).describe(kindOfModel),
  ...common,
})

const generationTypes = ['chat-completion', 'embedding', 'image']

/** Which parameters an object holds: NeMo Data Designer goes by these keys. */
function parametersSchema(
  value: unknown,
): typeof chatSchema | typeof embeddingSchema | typeof imageSchema {
  if (!isMapping(value)) return chatSchema
  const type = value['generation_type']
  if (type === 'image') return imageSchema
  const isEmbedding = type === 'embedding' || 'encoding_format' in value || 'dimensions' in value
  return isEmbedding ? embeddingSchema : chatSchema
}

/** What a model is called with when nothing is written. */
export const defaultParameters: InferenceParameters = {
  generation_type: 'chat-completion',
  max_parallel_requests: 4,
  requests_per_minute: null,
  tokens_per_minute: null,
  timeout: null,
  extra_body: null,
  temperature: null,
  top_p: null,
  max_tokens: null,
  output_mode: null,
}

/** A model as it can be written: with those parameters that models of its kind have. */
export function writtenModel(model: ModelConfig): object {
  const { inference_parameters: parameters, model: name, provider, ...rest } = model
  const own = Object.keys(parametersSchema(parameters).shape)
  const written = Object.entries(parameters).filter(([parameter]) => own.includes(parameter))
  const place = model.pool === undefined ? { model: name, provider } : {}
  return { ...rest, ...place, inference_parameters: Object.fromEntries(written) }
}

const alias = text({ nonEmpty: true }).describe('The name that columns use.')

const sharedFields = {
  inference_parameters: withForm(z.unknown().optional(), {
    like: () => z.union([chatSchema, embeddingSchema, imageSchema]),
  }).describe('How the model is called.'),
  skip_health_check: flag()
    .default(false)
    .describe('Start without asking the model something tiny first.'),
  cache_prompt: flag()
    .default(false)
    .describe('Has the provider keep the beginning of prompts that other rows share.'),
  /** Ours. */
  mode: oneOf(['realtime', 'batch'])
    .optional()
    .describe(
      "`realtime` by default; `batch` uses the provider's batch API: half the price, answers within a day.",
    ),
}

/** An entry of `model_configs` with one place to go. */
export const modelSchema = z.strictObject({
  alias,
  model: text({ nonEmpty: true }).describe("The provider's name of the model."),
  provider: text({ nonEmpty: true }).describe('Name of a provider.'),
  ...sharedFields,
})

/** One with a pool. */
export const pooledModelSchema = z.strictObject({ alias, ...poolFields, ...sharedFields })

export interface ParsedModel {
  model: ModelConfig | null
  problems: Problem[]
}

/** Reads one entry of `model_configs`. */
export function parseModel(value: unknown, path: ConfigPath): ParsedModel {
  const name = isMapping(value) ? value['alias'] : undefined
  const subject = typeof name === 'string' ? `model ${quoted(name)}` : 'the model'
  const { rest, problems } = misplacedFields(value, path, capitalized(subject))
  const parameters = isMapping(value) ? value['inference_parameters'] : undefined
  const inference = parseParameters(parameters, [...path, 'inference_parameters'], subject)
  const isPooled = isMapping(value) && 'pool' in value
  const place = isPooled ? parsePooled(rest, path, subject) : parsePlain(rest, path, subject)
  problems.push(...place.problems.map(belowParameters), ...inference.problems)
  if (place.model === null || inference.parameters === null || problems.length > 0) {
    return { model: null, problems }
  }
  const { cache_prompt: isKept = false, ...model } = place.model
  const kept = isKept ? { cache_prompt: true } : {}
  return { model: { ...model, ...kept, inference_parameters: inference.parameters }, problems }
}

/** A field of the parameters that stands beside them. */
function belowParameters(problem: Problem): Problem {
  const key = String(problem.path.at(-1))
  const isMisplaced = problem.code === 'unknown-key' && Object.hasOwn(chatSchema.shape, key)
  if (!isMisplaced || problem.suggestion !== undefined) return problem
  return { ...problem, suggestion: `Put '${key}' below 'inference_parameters'.` }
}

type Place = { model: Omit<ModelConfig, 'inference_parameters'> | null; problems: Problem[] }

function parsePlain(value: unknown, path: ConfigPath, subject: string): Place {
  const result = modelSchema.safeParse(value)
  if (result.success) return { model: result.data, problems: [] }
  const context = { path, value, schema: modelSchema, subject }
  return { model: null, problems: problemsOfZod(result.error, context) }
}

function parsePooled(value: unknown, path: ConfigPath, subject: string): Place {
  const result = pooledModelSchema.safeParse(value)
  if (!result.success) {
    const context = { path, value, schema: pooledModelSchema, subject }
    return { model: null, problems: problemsOfZod(result.error, context) }
  }
  const { pool: choices, hedge, model, ...rest } = result.data
  const { pool, problems } = completePool(choices, { alias: rest.alias, model, path })
  const [first] = pool
  if (first === undefined || problems.length > 0) return { model: null, problems }
  const place = { model: first.model, provider: first.provider, pool }
  return { model: { ...rest, ...place, ...(hedge === null ? {} : { hedge }) }, problems }
}

function capitalized(subject: string): string {
  return subject.charAt(0).toUpperCase() + subject.slice(1)
}

function parseParameters(
  value: unknown,
  path: ConfigPath,
  model: string,
): { parameters: InferenceParameters | null; problems: Problem[] } {
  if (value === undefined) return { parameters: defaultParameters, problems: [] }
  const subject = `the inference_parameters object of ${model}`
  const schema = parametersSchema(value)
  const type = isMapping(value) ? value['generation_type'] : undefined
  if (type !== undefined && !generationTypes.some((word) => word === type)) {
    const tag = z.object({ generation_type: oneOf(generationTypes) }).safeParse(value)
    const problems = tag.error ? problemsOfZod(tag.error, { path, value, subject }) : []
    return { parameters: null, problems }
  }
  const result = schema.safeParse(value)
  if (!result.success) {
    const problems = problemsOfZod(result.error, { path, value, schema, subject })
    return { parameters: null, problems }
  }
  const { generation_type, timeout, extra_body } = result.data
  const { max_parallel_requests, requests_per_minute, tokens_per_minute } = result.data
  const caps = { max_parallel_requests, requests_per_minute, tokens_per_minute }
  const shared = { ...caps, timeout, extra_body }
  if ('temperature' in result.data) return { parameters: result.data, problems: [] }
  const own =
    'encoding_format' in result.data
      ? { encoding_format: result.data.encoding_format, dimensions: result.data.dimensions }
      : {}
  const parameters = { ...defaultParameters, ...shared, ...own, generation_type }
  return { parameters, problems: [] }
}
