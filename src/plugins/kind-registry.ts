import type { z } from 'zod'
import { descriptionOf } from '../config/json-form.ts'
import { createSamplerKind } from '../columns/sampler.ts'
import { createValidationKind } from '../columns/validation.ts'
import type { Exporter } from '../export/define.ts'
import type { KindTable } from '../graph/draft.ts'
import type { Origin } from '../graph/origin.ts'
import type { ColumnKind } from '../graph/kind.ts'
import type { ProcessorKind } from '../graph/processor-kind.ts'
import type { ProviderKind } from '../models/provider.ts'
import type { Sampler } from '../samplers/define.ts'
import type { SeedSource } from '../seeds/define.ts'
import { createLocalSource } from '../seeds/local.ts'
import { createHttpSource } from '../seeds/remote/http.ts'
import { createHubSource } from '../seeds/remote/hugging-face.ts'
import { createS3Source } from '../seeds/remote/s3.ts'
import type { SeedFormat } from '../seeds/formats/define.ts'
import { RowsmithError } from '../util/errors.ts'
import type { Validator } from '../validators/define.ts'
import { builtIn } from './built-in.ts'
import type { Plugin } from './plugin.ts'
import { watchPlugin } from './watch-plugin.ts'

/** All kinds there are, by the words a config has for them. */
export interface Registry extends KindTable {
  /** The built-in ones first. */
  readonly plugins: readonly Plugin[]
  readonly columns: ReadonlyMap<string, ColumnKind>
  readonly samplers: ReadonlyMap<string, Sampler<unknown>>
  readonly seedSources: ReadonlyMap<string, SeedSource>
  readonly seedFormats: readonly SeedFormat[]
  readonly validators: ReadonlyMap<string, Validator>
  readonly processors: ReadonlyMap<string, ProcessorKind>
  readonly providers: ReadonlyMap<string, ProviderKind>
  readonly exporters: ReadonlyMap<string, Exporter>
  /** Every kind, for people. */
  readonly kinds: readonly ListedKind[]
}

/** A family of kinds, such as columns or samplers. */
export type KindFamily =
  | 'columns'
  | 'samplers'
  | 'seed sources'
  | 'seed formats'
  | 'validators'
  | 'processors'
  | 'providers'
  | 'export formats'

/** An entry of the list of all kinds. */
export interface ListedKind {
  readonly family: KindFamily
  readonly kind: string
  /** One line; empty where the plugin says nothing. */
  readonly description: string
  /** The plugin's name. */
  readonly plugin: string
}

interface Owned<Kind> {
  readonly kind: Kind
  readonly plugin: Plugin
}

type Table<Kind> = ReadonlyMap<string, Owned<Kind>>

/** Merges plugins; a kind or file ending that two of them have is refused. */
export function createRegistry(given: readonly Plugin[]): Registry {
  checkNames(given)
  const plugins = given.map((plugin) => (plugin === builtIn ? plugin : watchPlugin(plugin)))
  const samplers = merge(plugins, 'sampler', (plugin) => plugin.samplers, typeOfSampler)
  const samplerKind = createSamplerKind({
    samplers: kindsOf(samplers),
    originOf: (type) => originIn(samplers, type),
  })
  const validators = merge(plugins, 'validator', (plugin) => plugin.validators, typeOf)
  const validationKind = createValidationKind({
    validators: kindsOf(validators),
    originOf: (type) => originIn(validators, type),
  })
  const formats = merge(plugins, 'seed format', (plugin) => plugin.seedFormats, nameOf)
  const formatList = [...kindsOf(formats).values()]
  const made = {
    name: builtIn.name,
    columns: [samplerKind, validationKind],
    seedSources: [createLocalSource, createHttpSource, createHubSource, createS3Source].map(
      (createSource) => createSource(formatList),
    ),
  }
  const columns = merge([made, ...plugins], 'column kind', (plugin) => plugin.columns, typeOf)
  const sources = merge([made, ...plugins], 'seed source', (plugin) => plugin.seedSources, typeOf)
  const processors = merge(plugins, 'processor', (plugin) => plugin.processors, typeOf)
  const providers = merge(plugins, 'provider', (plugin) => plugin.providers, typeOf)
  const exporters = merge(plugins, 'export format', (plugin) => plugin.exporters, nameOf)
  checkEndings(formats, 'seed')
  checkEndings(exporters, 'export')
  return {
    plugins,
    columns: kindsOf(columns),
    samplers: kindsOf(samplers),
    seedSources: kindsOf(sources),
    seedFormats: [...kindsOf(formats).values()],
    validators: kindsOf(validators),
    processors: kindsOf(processors),
    providers: kindsOf(providers),
    exporters: kindsOf(exporters),
    originOf: (type) => originIn(columns, type),
    processorOriginOf: (type) => originIn(processors, type),
    kinds: [
      ...listed(columns, 'columns', (kind) =>
        kind === samplerKind ? drawn : kind === validationKind ? judged : describe(kind.schema),
      ),
      ...listed(samplers, 'samplers', ({ params }) => describe(params)),
      ...listed(sources, 'seed sources', ({ schema }) => describe(schema)),
      ...listed(formats, 'seed formats', describeFile),
      ...listed(validators, 'validators', ({ params }) => describe(params)),
      ...listed(processors, 'processors', ({ schema }) => describe(schema)),
      ...listed(providers, 'providers', ({ description = '' }) => description),
      ...listed(exporters, 'export formats', describeFile),
    ],
  }
}

const drawn = 'A value drawn from a distribution, by one of the samplers.'
const judged = 'The verdict of a validator on other columns.'

function typeOf({ type }: { readonly type: string }): string {
  return type
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}

function typeOfSampler({ kind }: Sampler<unknown>): string {
  return kind
}

function checkNames(plugins: readonly Plugin[]): void {
  const seen = new Set<string>()
  for (const { name } of plugins) {
    if (seen.has(name)) {
      throw new RowsmithError('usage', `two plugins are named '${name}'`, {
        hints: ['Leave one of them out, or rename it: fingerprints tell plugins by their names.'],
      })
    }
    seen.add(name)
  }
}

function merge<Kind>(
  plugins: readonly Plugin[],
  what: string,
  listOf: (plugin: Plugin) => readonly Kind[] | undefined,
  wordOf: (kind: Kind) => string,
): Table<Kind> {
  const merged = new Map<string, Owned<Kind>>()
  for (const plugin of plugins) {
    for (const kind of listOf(plugin) ?? []) {
      const word = wordOf(kind)
      const other = merged.get(word)
      if (other !== undefined) throw conflict(`the ${what} '${word}'`, other.plugin, plugin)
      merged.set(word, { kind, plugin })
    }
  }
  return merged
}

function checkEndings(
  formats: Table<{ readonly endings: readonly string[] }>,
  family: 'seed' | 'export',
): void {
  const owners = new Map<string, Plugin>()
  for (const { kind, plugin } of formats.values()) {
    for (const ending of kind.endings) {
      const other = owners.get(ending)
      if (other !== undefined) {
        throw conflict(`an ${family} format for files ending in ${ending}`, other, plugin)
      }
      owners.set(ending, plugin)
    }
  }
}

function conflict(what: string, one: Plugin, other: Plugin): RowsmithError {
  const both =
    one === other
      ? `the plugin '${one.name}' provides ${what} twice`
      : `the plugins '${one.name}' and '${other.name}' both provide ${what}`
  return new RowsmithError('usage', both, {
    hints: ["Remove one of them, or rename the plugin's kind."],
  })
}

function kindsOf<Kind>(table: Table<Kind>): ReadonlyMap<string, Kind> {
  return new Map([...table].map(([word, { kind }]) => [word, kind]))
}

/** Built-in kinds change with rowsmith, whose format versions say when that matters. */
function originIn(table: Table<unknown>, word: string): Origin | null {
  const plugin = table.get(word)?.plugin
  if (plugin === undefined || plugin.name === builtIn.name) return null
  return { name: plugin.name, version: plugin.version ?? null }
}

function listed<Kind>(
  table: Table<Kind>,
  family: KindFamily,
  descriptionFor: (kind: Kind) => string,
): ListedKind[] {
  return [...table].map(([kind, owned]) => ({
    family,
    kind,
    description: descriptionFor(owned.kind),
    plugin: owned.plugin.name,
  }))
}

function describe(schema: z.ZodType): string {
  return descriptionOf(schema) ?? ''
}

function describeFile({
  description = '',
  endings,
}: {
  readonly description?: string
  readonly endings: readonly string[]
}): string {
  const files = endings.join(', ')
  return description === '' ? files : `${description} (${files})`
}

/** What there is without a plugin. */
export const builtInRegistry: Registry = createRegistry([builtIn])
