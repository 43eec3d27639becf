import type { Plugin } from './plugin.ts'
import {
  watchExporter,
  watchFormat,
  watchProcessor,
  watchProvider,
  watchSampler,
  watchSource,
  watchValidator,
} from './watch-kinds.ts'
import { watchColumn } from './watch-columns.ts'

/**
 * The plugin with all of its kinds watched: what their methods throw, in addition to the failures that have a
 * meaning, ends in an error that names the plugin and the line.
 */
export function watchPlugin(plugin: Plugin): Plugin {
  const origin = { name: plugin.name, version: plugin.version ?? null }
  return {
    ...plugin,
    columns: plugin.columns?.map((kind) => watchColumn(kind, origin)) ?? [],
    samplers: plugin.samplers?.map((kind) => watchSampler(kind, origin)) ?? [],
    seedSources: plugin.seedSources?.map((kind) => watchSource(kind, origin)) ?? [],
    seedFormats: plugin.seedFormats?.map((kind) => watchFormat(kind, origin)) ?? [],
    validators: plugin.validators?.map((kind) => watchValidator(kind, origin)) ?? [],
    processors: plugin.processors?.map((kind) => watchProcessor(kind, origin)) ?? [],
    providers: plugin.providers?.map((kind) => watchProvider(kind, origin)) ?? [],
    exporters: plugin.exporters?.map((kind) => watchExporter(kind, origin)) ?? [],
  }
}
