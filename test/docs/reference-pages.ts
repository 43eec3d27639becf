import type { z } from 'zod'
import { stringify } from 'yaml'
import { formFor } from '../../src/check/json-schema.ts'
import { commonFields } from '../../src/config/common-fields.ts'
import { descriptionOf } from '../../src/config/json-form.ts'
import { providerSchema } from '../../src/config/model-providers.ts'
import { joinSchema } from '../../src/config/seed-join.ts'
import { builtInRegistry } from '../../src/plugins/kind-registry.ts'
import { guideEntries } from './reference-examples.ts'
import { type Field, fieldsOf, leastOf } from './reference-fields.ts'

/** One kind on a page of the reference. */
interface ReferenceKind {
  kind: string
  description: string
  fields: readonly Field[]
  example: Record<string, unknown>
  /** What reads the example. */
  schema: z.ZodType
}

export interface ReferencePage {
  /** Name of the file in docs/reference/. */
  file: string
  title: string
  /** What all kinds of the page have. */
  head: string
  kinds: readonly ReferenceKind[]
}

/** Every kind there is without a plugin, from the registry and the schemas. */
export function referencePages(): ReferencePage[] {
  const registry = builtInRegistry
  const guide = guideEntries()
  const sampler = schemaOfColumn('sampler')
  const validation = schemaOfColumn('validation')
  return [
    {
      file: 'columns.md',
      title: 'Columns',
      head: `An entry of \`columns\`. Every kind has these fields:\n\n${table(commonRows())}`,
      kinds: [...registry.columns.values()].map(({ type, schema }) => ({
        kind: type,
        description:
          descriptionOf(schema) ??
          registry.kinds.find(({ kind }) => kind === type)?.description ??
          '',
        fields: fieldsOf(formFor(schema)).filter(({ name }) => !isCommon(name)),
        example:
          guide.columns.find(({ column_type: own }) => own === type) ?? leastOf(formFor(schema)),
        schema,
      })),
    },
    {
      file: 'samplers.md',
      title: 'Samplers',
      head: 'The `params` of a column with `column_type: sampler`, by its `sampler_type`.',
      kinds: [...registry.samplers.values()].map(({ kind, params }) => ({
        kind,
        description: descriptionOf(params) ?? '',
        fields: fieldsOf(formFor(params)),
        example: guide.columns.find(({ sampler_type: own }) => own === kind) ?? {
          name: 'drawn',
          column_type: 'sampler',
          sampler_type: kind,
          params: leastOf(formFor(params)),
        },
        schema: sampler,
      })),
    },
    {
      file: 'seeds.md',
      title: 'Seeds',
      head: `The \`source\` of \`seed_config\`. Files of these formats are read: ${registry.seedFormats
        .flatMap(({ endings }) => endings)
        .map((ending) => `\`${ending}\``)
        .join(
          ', ',
        )}.\n\nAn entry of \`join\` in \`seed_config\` has a source, too, and says how it is joined:\n\n${table(fieldsOf(formFor(joinSchema)))}`,
      kinds: [...registry.seedSources.values()].map(({ type, schema }) => ({
        kind: type,
        description: descriptionOf(schema) ?? '',
        fields: fieldsOf(formFor(schema)),
        example:
          guide.sources.find(({ seed_type: own }) => own === type) ?? leastOf(formFor(schema)),
        schema,
      })),
    },
    {
      file: 'validators.md',
      title: 'Validators',
      head: 'The `validator_params` of a column with `column_type: validation`, by its `validator_type`.',
      kinds: [...registry.validators.values()].map(({ type, params }) => ({
        kind: type,
        description: descriptionOf(params) ?? '',
        fields: fieldsOf(formFor(params)),
        example: guide.columns.find(({ validator_type: own }) => own === type) ?? {
          name: 'checked',
          column_type: 'validation',
          target_columns: ['answer'],
          validator_type: type,
          validator_params: leastOf(formFor(params)),
        },
        schema: validation,
      })),
    },
    {
      file: 'processors.md',
      title: 'Processors',
      head: 'An entry of `processors`.',
      kinds: [...registry.processors.values()].map(({ type, schema }) => ({
        kind: type,
        description: descriptionOf(schema) ?? '',
        fields: fieldsOf(formFor(schema)),
        example:
          guide.processors.find(({ processor_type: own }) => own === type) ??
          leastOf(formFor(schema)),
        schema,
      })),
    },
    {
      file: 'providers.md',
      title: 'Providers',
      head: `An entry of \`model_providers\`, by its \`provider_type\`. All have the same fields:\n\n${table(
        fieldsOf(formFor(providerSchema)),
      )}`,
      kinds: [...registry.providers.values()].map(({ type, description = '', remote }) => ({
        kind: type,
        description,
        fields: [],
        example: guide.providers.find(({ provider_type: own }) => own === type) ?? {
          name: 'mine',
          ...(remote ? { endpoint: 'https://models.example.org/v1', api_key: 'MY_API_KEY' } : {}),
          provider_type: type,
        },
        schema: providerSchema,
      })),
    },
  ]
}

function schemaOfColumn(type: string): z.ZodType {
  const kind = builtInRegistry.columns.get(type)
  if (kind === undefined) throw new Error(`there is no column kind '${type}'`)
  return kind.schema
}

/** Fields that every column kind has, as one of them says them. */
function commonRows(): Field[] {
  return fieldsOf(formFor(schemaOfColumn('expression'))).filter(({ name }) => isCommon(name))
}

function isCommon(name: string): boolean {
  return Object.keys(commonFields).includes(name.split('.')[0] ?? '')
}

export function pageText({ title, head, kinds }: ReferencePage): string {
  const sections = kinds.map(({ kind, description, fields, example }) =>
    [
      `## \`${kind}\``,
      ...(description === '' ? [] : [description]),
      ...(fields.length === 0 ? [] : [table(fields)]),
      `\`\`\`yaml\n${stringify([example]).trimEnd()}\n\`\`\``,
    ].join('\n\n'),
  )
  return `${[`# ${title}`, '<!-- Written by `npm run reference` from the schemas. -->', head, ...sections].join('\n\n')}\n`
}

function table(fields: readonly Field[]): string {
  const rows = fields.map(({ name, takes, standard, description }) =>
    [
      `\`${name}\``,
      takes,
      standard === null ? '*required*' : standard === '' ? '' : `\`${standard}\``,
      description,
    ]
      .map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' '))
      .join(' | '),
  )
  return [
    '| field | takes | default | |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}
