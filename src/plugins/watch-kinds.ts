import type { Exporter } from '../export/define.ts'
import type { Origin } from '../graph/origin.ts'
import type { ProcessorKind } from '../graph/processor-kind.ts'
import type { ProviderKind } from '../models/provider.ts'
import type { Sampler } from '../samplers/define.ts'
import type { SeedSource } from '../seeds/define.ts'
import type { SeedFormat } from '../seeds/formats/define.ts'
import type { Validator } from '../validators/define.ts'
import {
  createWatch,
  overriding,
  type PluginWatch,
  watchFunction,
  watchItems,
  watchMethods,
} from './plugin-watch.ts'
import { watchColumn } from './watch-columns.ts'

/* Kinds of a plugin in addition to those of columns, whose mistakes are reported as the plugin's. */

export function watchSampler(sampler: Sampler<unknown>, plugin: Origin): Sampler<unknown> {
  const watch = createWatch(plugin, `sampler '${sampler.kind}'`)
  const watched = watchMethods(
    sampler,
    [
      'sampleType',
      'decimalPlaces',
      'listed',
      'distribution',
      'frozen',
      'references',
      'check',
      'load',
      'prepare',
    ],
    watch,
  )
  const distribution = watched.distribution?.bind(watched)
  const frozen = watched.frozen?.bind(watched)
  return overriding(watched, {
    prepare: (...args) => watchFunction(watched.prepare(...args), 'prepare', watch),
    ...(distribution !== undefined && {
      distribution(params, context) {
        const found = distribution(params, context)
        return found !== null && 'cdf' in found ? watchMethods(found, ['cdf'], watch) : found
      },
    }),
    ...(frozen !== undefined && {
      frozen(params) {
        const found = frozen(params)
        return found === null ? null : watchMethods(found, ['shares', 'quantile'], watch)
      },
    }),
  })
}

export function watchSource(source: SeedSource, plugin: Origin): SeedSource {
  const watch = createWatch(plugin, `seed source '${source.type}'`)
  const told = exceptSystem(watch)
  const watched = watchMethods(source, ['open', 'stamp'], told)
  return overriding(watched, {
    async open(config, context) {
      const seed = await watched.open(config, context)
      return overriding(watchMethods(seed, ['changed'], told), {
        rows: watchItems(seed.rows.bind(seed), 'rows', { watch: told }),
      })
    },
    async stamp(config, context) {
      const stamp = await watched.stamp(config, context)
      return stamp === null ? null : watchMethods(stamp, ['identity'], told)
    },
  })
}

export function watchFormat(format: SeedFormat, plugin: Origin): SeedFormat {
  const watch = exceptSystem(createWatch(plugin, `seed format '${format.name}'`))
  const watched = watchMethods(format, ['open'], watch)
  return overriding(watched, {
    async open(files, options, delimiter) {
      const reading = await watched.open(files, options, delimiter)
      return overriding(reading, {
        rows: watchItems(reading.rows.bind(reading), 'rows', { watch }),
      })
    },
  })
}

/** A file that can't be read is reported as that, whoever reads it. */
function exceptSystem(watch: PluginWatch): PluginWatch {
  return (thrown, method) =>
    thrown instanceof Error && 'syscall' in thrown ? thrown : watch(thrown, method)
}

export function watchValidator(validator: Validator, plugin: Origin): Validator {
  const watch = createWatch(plugin, `validator '${validator.type}'`)
  if (validator.by === 'request') {
    return watchMethods(validator, ['load', 'describe', 'service', 'write', 'read'], watch)
  }
  if (validator.by === 'row') {
    const watched = watchMethods(validator, ['load', 'describe', 'open'], watch)
    return overriding(watched, {
      open: (params, context, loaded) =>
        watchFunction(watched.open(params, context, loaded), 'open', watch),
    })
  }
  const watched = watchMethods(validator, ['load', 'describe', 'open'], watch)
  return overriding(watched, {
    open: (params, context, loaded) =>
      watchFunction(watched.open(params, context, loaded), 'open', watch),
  })
}

export function watchProcessor(kind: ProcessorKind, plugin: Origin): ProcessorKind {
  const watch = createWatch(plugin, `processor '${kind.type}'`)
  if (kind.by === 'row') {
    const { column } = kind
    const watched = { ...column, kind: watchColumn(column.kind, plugin) }
    return overriding(kind, { column: watchMethods(watched, ['fields'], watch) })
  }
  if (kind.keepsRecords === true) return watchMethods(kind, ['output'], watch)
  const watched = watchMethods(kind, ['output', 'identity'], watch)
  return overriding(watched, {
    run(config, records, context) {
      // What goes wrong with the records it reads is none of its own.
      const given = new Set<unknown>()
      const note: PluginWatch = (thrown) => {
        given.add(thrown)
        return thrown
      }
      const read = watchItems(() => records, 'records', { watch: note })
      const run = watchItems(kind.run.bind(kind), 'run', {
        watch,
        isGiven: (thrown) => given.has(thrown),
      })
      return run(config, read(), context)
    },
  })
}

export function watchProvider(kind: ProviderKind, plugin: Origin): ProviderKind {
  const watch = createWatch(plugin, `provider '${kind.type}'`)
  const watched = watchMethods(kind, ['open'], watch)
  return overriding(watched, {
    open: (config, context) =>
      watchMethods(watched.open(config, context), ['send', 'probe', 'sizeOf', 'close'], watch),
  })
}

export function watchExporter(exporter: Exporter, plugin: Origin): Exporter {
  const watch = createWatch(plugin, `export format '${exporter.name}'`)
  return watchMethods(exporter, ['header', 'line'], watch)
}
