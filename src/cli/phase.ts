import { basename } from 'node:path'
import type { CheckedModel, ExportEvent, RunEvent } from '../run/run-event.ts'
import { counted, duration, grouped, size } from '../util/format.ts'
import { shortPath } from './report-run.ts'

/** What a command does while no rows are made, in words; null while they are. */
export interface Phase {
  /** Takes in an event; answers whether it began something else. */
  note(event: RunEvent | ExportEvent): boolean
  text(): string | null
}

/** Names that are reported; the others are counted. */
const MOST_NAMES = 3

export function createPhase(begin: string): Phase {
  let describe: (() => string) | null = () => begin

  /** Counts what is ready, of a number known before. */
  function counting(what: string, total: number): { add: (done?: number) => void } {
    let done = 0
    describe = () => (total > 1 ? `${what}: ${grouped(done)} of ${grouped(total)}` : what)
    return { add: (more = 1) => void (done = Math.min(total, done + more)) }
  }

  let parts: { add: () => void } | null = null
  let files: { add: () => void } | null = null
  let asked: CheckedModel[] = []
  let starting: string[] = []
  const awaited = (): string =>
    [
      ...(asked.length === 0 ? [] : [askedText(asked)]),
      ...(starting.length === 0 ? [] : [startingText(starting)]),
    ].join('; ') || 'opening the run'

  return {
    text: () => describe?.() ?? null,
    note(event) {
      switch (event.type) {
        case 'seed-progress':
          describe = () =>
            `${event.phase} the seed ${shortPath(event.path)}: ${shareText(event.bytes, event.totalBytes, size)}`
          return false
        case 'download-progress':
          describe = () =>
            `downloading ${basename(event.path)}: ${shareText(event.bytes, event.totalBytes, size)}`
          return false
        case 'upload-progress':
          describe = () => `sending to the Hub: ${shareText(event.bytes, event.totalBytes, size)}`
          return false
        case 'models-checking':
          asked = [...event.models]
          describe = awaited
          return true
        case 'model-checked':
          asked = asked.filter(({ name }) => name !== event.result.name)
          return false
        case 'tools-checking':
          starting = [...event.servers]
          describe = awaited
          return true
        case 'tool-server-listed':
          starting = starting.filter((name) => name !== event.server)
          return false
        case 'run-opening':
          describe = () => `opening ${shortPath(event.dir)}`
          return true
        case 'run-opened':
          describe = () => 'reading the ledger'
          return true
        case 'batches-cancelling':
          describe = () =>
            `cancelling ${event.batches === 1 ? 'a batch' : `${grouped(event.batches)} batches`}`
          return true
        case 'row-group-opened':
          // From here on the panel tells.
          describe = null
          return false
        case 'settling':
          parts = counting(
            'writing rows of the interrupted run that are complete, parts',
            event.parts,
          )
          return true
        case 'part-committed':
          parts?.add()
          return false
        case 'finishing':
          describe = () => 'finishing: reading the run folder'
          return true
        case 'join-started':
          files = counting('assembling the dataset, files', event.files)
          return true
        case 'join-file-written':
          files?.add()
          return false
        case 'join-finished':
          describe = () => 'adding up the results'
          return false
        case 'export-progress':
          describe = () =>
            `writing ${basename(event.path)}: ${shareText(event.rows, event.totalRows, grouped)} rows`
          return false
        default:
          return false
      }
    },
  }
}

function shareText(done: number, total: number, text: (value: number) => string): string {
  if (total <= 0 || done > total) return text(done)
  const share = Math.min(99, Math.floor((100 * done) / total))
  return `${text(done)} of ${text(total)} (${share} %)`
}

/** Which servers of tools have not listed them yet. */
function startingText(servers: readonly string[]): string {
  const named = servers.slice(0, MOST_NAMES)
  const more =
    servers.length > MOST_NAMES ? [counted(servers.length - MOST_NAMES, 'more server')] : []
  return `waiting for the tools of ${[...named, ...more].join(', ')}`
}

/** Which models have not answered yet, where they are, and how long they have. */
function askedText(models: readonly CheckedModel[]): string {
  const named = models.slice(0, MOST_NAMES).map(({ alias, model, provider, endpoint }) =>
    // A provider without an address runs in this process.
    endpoint === provider
      ? `${alias} to load ${basename(model)}`
      : `${alias} (${model} at ${endpoint})`,
  )
  const more = models.length > MOST_NAMES ? [counted(models.length - MOST_NAMES, 'more model')] : []
  const remote = models.filter(({ endpoint, provider }) => endpoint !== provider)
  const longest = Math.max(...remote.map(({ timeoutMs }) => timeoutMs))
  const limit = remote.length === 0 ? '' : `; an answer may take ${duration(longest / 1000)}`
  return `waiting for ${[...named, ...more].join(', ')}${limit}`
}
