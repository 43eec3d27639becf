import { z } from 'zod'
import { descriptionOf, formOf, type JsonSchema } from '../config/json-form.ts'
import { constraintSchema } from '../config/constraints.ts'
import { agreementSchema, profilerSchema } from '../config/report-parts.ts'
import { providerSchema } from '../config/model-providers.ts'
import { modelSchema, pooledModelSchema } from '../config/models.ts'
import { pluginSchema } from '../config/plugin-list.ts'
import { writtenSchema } from '../config/run-config.ts'
import { mcpProviderSchema, toolConfigSchema } from '../config/tool-lists.ts'
import { seedSchema } from '../config/seed-config.ts'
import { pricesSchema } from '../config/prices.ts'
import { selectSchema } from '../config/select.ts'
import { gatherPlugins, type GivenPlugin } from '../plugins/gather-plugins.ts'
import type { Registry } from '../plugins/kind-registry.ts'

/** The files a JSON Schema is there for. */
export const schemaKinds = [
  'dataset',
  'run-config',
  'providers',
  'mcp-providers',
  'tool-configs',
  'model-configs',
] as const

/** A kind of file that has a JSON Schema. */
export type SchemaKind = (typeof schemaKinds)[number]

/** Options of `jsonSchema`. */
export interface JsonSchemaOptions {
  /** Kinds in addition to the built-in ones. */
  plugins?: readonly GivenPlugin[]
}

/**
 * A JSON Schema of a kind of file, for editors and other tools: what a field is for, which words
 * there are, and what is refused whatever else stands in the file.
 *
 * Draft-07, the newest that the YAML language server of most editors reads.
 */
export async function jsonSchema(
  kind: SchemaKind = 'dataset',
  { plugins = [] }: JsonSchemaOptions = {},
): Promise<JsonSchema> {
  const { registry } = await gatherPlugins({ given: plugins })
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...schemaOf(kind, registry) }
}

function schemaOf(kind: SchemaKind, registry: Registry): JsonSchema {
  switch (kind) {
    case 'dataset':
      return datasetFile(registry)
    case 'run-config':
      return {
        title: 'rowsmith run config',
        description: 'How a run is driven.',
        ...formFor(writtenSchema),
      }
    case 'providers':
      return listFile('provider file', 'Where models are.', {
        key: 'providers',
        items: providerForm(registry),
      })
    case 'mcp-providers':
      return listFile('file of MCP providers', 'Where servers of tools are.', {
        key: 'providers',
        items: formFor(mcpProviderSchema),
      })
    case 'model-configs':
      return listFile('file of model configs', 'Models by the aliases that columns use.', {
        key: 'model_configs',
        items: modelForm(),
      })
    case 'tool-configs':
      break
  }
  return listFile('file of tool configs', 'Tools that columns may use.', {
    key: 'tool_configs',
    items: formFor(toolConfigSchema),
  })
}

/** A file with a list and nothing else, as NeMo Data Designer keeps them in its home directory. */
function listFile(
  title: string,
  description: string,
  { key, items }: { key: string; items: JsonSchema },
): JsonSchema {
  return {
    title: `rowsmith ${title}`,
    description,
    type: 'object',
    properties: {
      [key]: { description: 'The entries.', type: 'array', items },
      default: { description: 'Read and left alone.' },
    },
    required: [key],
  }
}

/** Both forms: the parts at the root, or below `data_designer`. */
function datasetFile(registry: Registry): JsonSchema {
  const kinds = [...registry.columns.values()]
  const dataset = { $ref: '#/definitions/dataset' }
  return {
    title: 'rowsmith dataset config',
    description: 'Declares the columns of a synthetic dataset.',
    ...when({ type: 'object', required: ['data_designer'] }, fullForm(dataset), dataset),
    definitions: {
      dataset: datasetForm(),
      column: tagged(
        'column_type',
        'Kind of the column.',
        kinds.map(({ type, schema }) => ({
          tag: type,
          description: descriptionOf(schema),
          form: { $ref: `#/definitions/column-${type}` },
        })),
      ),
      ...Object.fromEntries(kinds.map(({ type, schema }) => [`column-${type}`, formFor(schema)])),
      model: modelForm(),
      provider: providerForm(registry),
      seed: seedForm(registry),
      processor: tagged(
        'processor_type',
        'Kind of the processor.',
        [...registry.processors.values()].map(({ type, schema }) => ({
          tag: type,
          description: descriptionOf(schema),
          form: formFor(schema),
        })),
      ),
    },
  }
}

function fullForm(dataset: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: {
      data_designer: dataset,
      library_version: {
        description: 'Version of the program that wrote the file; decides nothing.',
        type: ['string', 'null'],
      },
    },
    required: ['data_designer'],
    additionalProperties: false,
  }
}

const largestSeed = 2 ** 64

function datasetForm(): JsonSchema {
  return {
    type: 'object',
    properties: {
      columns: {
        description: 'The columns, in any order.',
        type: 'array',
        items: { $ref: '#/definitions/column' },
      },
      model_configs: listOf('The models columns use, by alias.', { $ref: '#/definitions/model' }),
      model_providers: listOf('Where the models are.', { $ref: '#/definitions/provider' }),
      tool_configs: listOf('Tools that columns may use, by alias.', formFor(toolConfigSchema)),
      mcp_providers: listOf('The MCP servers of the tools.', formFor(mcpProviderSchema)),
      seed_config: {
        description: 'Rows to start from: their columns are there by their names.',
        anyOf: [{ $ref: '#/definitions/seed' }, { type: 'null' }],
      },
      processors: listOf('Filters of rows and changes of the dataset, in this order.', {
        $ref: '#/definitions/processor',
      }),
      plugins: listOf('Plugins whose kinds this config may name.', formFor(pluginSchema)),
      seed: {
        description: 'The run seed: the same one gives the same sampled values.',
        anyOf: [
          { type: 'integer', minimum: 0, exclusiveMaximum: largestSeed },
          { type: 'string', pattern: '^\\d+$' },
          { type: 'null' },
        ],
      },
      rows: {
        description: 'Rows to make when the command line does not say.',
        anyOf: [
          { type: 'integer', minimum: 0 },
          { type: 'string', pattern: '^\\s*\\+?\\d+(?:_\\d+)*(?:\\.0+)?\\s*$' },
          { type: 'null' },
        ],
      },
      select: {
        description: 'Makes rows until enough of them are accepted.',
        anyOf: [formFor(selectSchema), { type: 'null' }],
      },
      prices: {
        description: 'Prices of models, by their names or aliases.',
        anyOf: [formFor(pricesSchema), { type: 'null' }],
      },
      constraints: listOf('Bounds of sampler columns.', formFor(constraintSchema)),
      profilers: listOf("Summaries of judges' reasons, in the report.", formFor(profilerSchema)),
      agreement: listOf('How far judges agree, in the report.', formFor(agreementSchema)),
    },
    required: ['columns'],
    additionalProperties: false,
  }
}

function listOf(description: string, items: JsonSchema): JsonSchema {
  return { description, anyOf: [{ type: 'array', items }, { type: 'null' }] }
}

/** With a pool in place of model and provider, or without. */
function modelForm(): JsonSchema {
  const isPooled = { type: 'object', required: ['pool'] }
  return when(isPooled, formFor(pooledModelSchema), formFor(modelSchema))
}

function providerForm({ providers }: Registry): JsonSchema {
  const form = formFor(providerSchema)
  const type = propertyOf(form, 'provider_type')
  type['anyOf'] = [{ enum: [...providers.keys()] }, { type: 'string', minLength: 1 }]
  delete type['type']
  delete type['minLength']
  const local = [...providers.values()]
    .filter(({ remote }) => !remote)
    .map(({ type: word }) => word)
  // A model in this process has no address.
  const isLocal = {
    properties: { provider_type: { enum: local } },
    required: ['provider_type'],
  }
  const addressed = { properties: { endpoint: { type: 'string' } }, required: ['endpoint'] }
  return { ...form, ...when(isLocal, {}, addressed) }
}

function seedForm({ seedSources }: Registry): JsonSchema {
  const form = formFor(seedSchema)
  const sources = [...seedSources.values()].map(({ type, schema }) => ({
    tag: type,
    description: descriptionOf(schema),
    form: formFor(schema),
  }))
  Object.assign(propertyOf(form, 'source'), tagged('seed_type', 'Kind of source.', sources))
  // The joined ones have the same forms.
  const [joins = {}] = propertyOf(form, 'join')['anyOf'] as JsonSchema[]
  Object.assign(propertyOf(joins['items'] as JsonSchema, 'source'), {
    $ref: '#/definitions/seed/properties/source',
  })
  return form
}

function propertyOf({ properties }: JsonSchema, name: string): JsonSchema {
  // `convert` has made it of an object schema.
  return (properties as Record<string, JsonSchema>)[name] as JsonSchema
}

interface Branch {
  tag: string
  description: string | undefined
  form: JsonSchema
}

/** One form where a condition holds, and perhaps another where it does not. */
function when(condition: JsonSchema, form: JsonSchema, otherwise?: JsonSchema): JsonSchema {
  return {
    if: condition,
    // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
    then: form,
    ...(otherwise === undefined ? {} : { else: otherwise }),
  }
}

/** Alternatives by a tag, so that an editor speaks of the one that was meant, and of no other. */
function tagged(tag: string, description: string, branches: readonly Branch[]): JsonSchema {
  return {
    type: 'object',
    properties: {
      [tag]: {
        description,
        enum: branches.map((branch) => branch.tag),
        enumDescriptions: branches.map((branch) => branch.description ?? ''),
      },
    },
    required: [tag],
    allOf: branches.map((branch) =>
      when({ properties: { [tag]: { const: branch.tag } }, required: [tag] }, branch.form),
    ),
  }
}

/** What a schema takes, in the words of JSON Schema. */
export function formFor(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: 'draft-07',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: made }) => complete(zodSchema, made),
  })
  return tidy(json)
}

function complete(schema: z.core.$ZodType, made: JsonSchema): void {
  const noted = formOf(schema)
  if (noted !== undefined) {
    const json = 'json' in noted ? noted.json : formFor(noted.like())
    const { description } = made
    for (const keyword of Object.keys(made)) delete made[keyword]
    Object.assign(made, structuredClone(json), description === undefined ? {} : { description })
  } else if (schema instanceof z.ZodDefault) {
    // The converter leaves it out behind a transformation, where it need not be of the written form.
    const value = schema.def.defaultValue
    if (['string', 'number', 'boolean'].includes(typeof value)) made['default'] = value
  } else if (schema instanceof z.ZodDiscriminatedUnion) {
    const branches = (made['oneOf'] ?? made['anyOf']) as JsonSchema[]
    const tag = schema.def.discriminator
    delete made['oneOf']
    delete made['anyOf']
    const options = branches.map((form) => ({
      tag: String(propertyOf(form, tag)['const']),
      description: propertyOf(form, paramsBeside(tag))['description'] as string | undefined,
      form,
    }))
    const title = tag === 'sampler_type' ? 'The kind of sampler.' : 'Who judges.'
    Object.assign(made, tagged(tag, title, options))
  }
}

/** Where the parameters stand of what a tag names. */
function paramsBeside(tag: string): string {
  return tag === 'sampler_type' ? 'params' : 'validator_params'
}

/** Folds nested alternatives into one list, and omits defaults that say nothing. */
function tidy(json: JsonSchema): JsonSchema {
  const entries = Object.entries(json).map(([key, value]) => [key, tidyValue(value)] as const)
  const tidied = Object.fromEntries(entries)
  if (tidied['default'] === null) delete tidied['default']
  const { anyOf } = tidied
  if (Array.isArray(anyOf)) tidied['anyOf'] = anyOf.flatMap(alternatives)
  return tidied
}

function tidyValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidyValue)
  return typeof value === 'object' && value !== null ? tidy({ ...value }) : value
}

function alternatives(option: JsonSchema): JsonSchema[] {
  const { anyOf, ...rest } = option
  return Array.isArray(anyOf) && Object.keys(rest).length === 0
    ? anyOf.flatMap(alternatives)
    : [option]
}
