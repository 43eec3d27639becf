import type { SelectConfig } from '../config/dataset.ts'
import { mostCandidates } from '../config/select.ts'
import type { Graph } from '../graph/graph.ts'
import { RowSet } from '../plan/row-set.ts'
import type { StoredSeedDescription } from '../seeds/normalise.ts'
import type { Damage } from '../store/find-damage.ts'
import type { Retry } from '../store/ledger-retry.ts'
import type { RunStore } from '../store/run-store.ts'
import { type Prepared, routesOf } from '../check/prepare.ts'
import type { RunEvent } from './run-event.ts'
import { type ConfigEdit, foreseeEdit } from './edit.ts'
import { decidedRows } from './engine.ts'
import { matches, type RetryOptions, retryFilter, retryOf, tellNothing } from './retry.ts'
import { selectionState } from './select-rows.ts'
import { resumedRows, sourcesOf, type WantedRun } from './settings.ts'

/** How a run continues that is there. */
export interface StoredRunOptions extends RetryOptions {
  /** Allows a target below the stored one. */
  shrink?: boolean
  /**
   * Continues with a config that changed: makes columns that are new or changed and those that read
   * them, and uses everything else that is there.
   */
  edit?: boolean
  /** Columns whose cells are used although their config changed: an other model, mostly. */
  keep?: readonly string[]
  /** Reads every part file, and makes the rows of those again that are missing or damaged. */
  repair?: boolean
}

interface Resuming {
  select: SelectConfig | null
  /** What the run folder has of the seed. */
  seed: StoredSeedDescription | null
  wanted: WantedRun
  /** Asks models whether they are ready; null where no model is asked for anything. */
  ask: ((aliases: readonly string[]) => Promise<ReadonlySet<string>>) | null
  emit: (event: RunEvent) => void
}

interface Resumed {
  decided: RowSet
  /** Rows whose failed cells are made again. */
  madeAgain: RowSet
  /** Models that said that they are ready; null where none was asked. */
  ready: ReadonlySet<string> | null
}

/** Takes up a stored run: its target moves, and what is changed, damaged or to be retried is undecided again. */
export async function resume(
  store: RunStore,
  prepared: Prepared,
  options: StoredRunOptions,
  { select, seed, wanted, ask, emit }: Resuming,
): Promise<Resumed> {
  const { graph } = prepared
  const { edit = false, keep = [], shrink = false, repair = false } = options
  const target = resumedRows(store.settings, prepared, { ...wanted, shrink })
  // A selection moves it as it goes.
  const rows = select === null ? target : store.settings.rows
  const reach = select === null ? rows : reachOf(store, select)
  const change = await foreseeEdit(store, prepared, { wanted, target: reach, edit, keep, seed })
  if (change !== null) emit({ type: 'config-changed', plan: change.plan })
  const retry = retryFilter(options, graph)
  const damage = repair ? await store.findDamage() : null
  if (damage !== null) tellDamage(damage, emit)
  // Before the run is changed: a wrong key leaves it as it was.
  const left = change === null || select !== null
  const work =
    (damage?.parts.length ?? 0) > 0 ||
    (left && (await hasWork(store, graph, { target, select }))) ||
    (retry !== null && matches(await store.failures(), retry))
  if (retry !== null) await tellNothing(store, retry, emit)
  const asked = work ? routesOf(graph) : (change?.asked ?? [])
  const ready = ask !== null && (work || asked.length > 0) ? await ask(asked) : null
  const before = decidedRows(store)
  const again = retry && retryOf(graph, retry)
  const decided = await goOn(store, { target: rows, damage, change, retry: again })
  await store.setSources(sourcesOf(prepared, store.directory))
  return { decided, madeAgain: retry === null ? RowSet.empty : before.subtract(decided), ready }
}

/** Rows that a selection has looked at, or will certainly: how many more it takes, no one knows. */
function reachOf({ decided, settings }: RunStore, { target }: SelectConfig): number {
  return Math.min(settings.rows, Math.max(target, decided.at(-1)?.end ?? 0))
}

/** Whether anything is left to make for a target. */
async function hasWork(
  store: RunStore,
  graph: Graph,
  { target, select }: { target: number; select: SelectConfig | null },
): Promise<boolean> {
  if (select === null) {
    return RowSet.fromIntervals(store.decided).intersect(0, target).count < target
  }
  const { frontier, last } = await selectionState(store, graph, select)
  return last === null && frontier < mostCandidates(select)
}

function tellDamage({ parts, dataset, media }: Damage, emit: (event: RunEvent) => void): void {
  const [first] = media
  if (first !== undefined) {
    const lost =
      media.length === 1 ? `The file ${first} is` : `${media.length} files (${first}, …) are`
    emit({
      type: 'warning',
      problem: {
        level: 'warning',
        code: 'media-missing',
        path: [],
        message: `${lost} missing or truncated, and records name ${media.length === 1 ? 'it' : 'them'}.`,
        suggestion: 'Put them back from a copy of the run folder or of an export.',
      },
    })
  }
  if (parts.length > 0) {
    const lost =
      parts.length === 1
        ? `Part ${parts[0]} is missing or damaged; its rows`
        : `${parts.length} parts are missing or damaged; their rows`
    emit({
      type: 'warning',
      problem: {
        level: 'warning',
        code: 'parts-damaged',
        path: [],
        message: `${lost} are made again, and paid for again.`,
      },
    })
  }
  if (!dataset) return
  emit({
    type: 'warning',
    problem: {
      level: 'warning',
      code: 'dataset-damaged',
      path: [],
      message:
        'A file of the dataset is missing or damaged; the dataset is made again from the parts.',
    },
  })
}

/** Moves the target of a stored run and takes rows up again; answers what is decided. */
async function goOn(
  store: RunStore,
  {
    target,
    damage,
    change,
    retry,
  }: {
    target: number
    damage: Damage | null
    change: ConfigEdit | null
    retry: Retry | null
  },
): Promise<RowSet> {
  if (target !== store.settings.rows) await store.setTarget(target)
  let decided = decidedRows(store)
  if (change !== null) {
    decided = decided.subtract(RowSet.fromIntervals(await store.changeConfig(change.version)))
  }
  if (damage !== null && (damage.parts.length > 0 || damage.dataset)) {
    decided = decided.subtract(RowSet.fromIntervals(await store.forgetDamaged(damage)))
  }
  if (retry === null) return decided
  return decided.subtract(RowSet.fromIntervals(await store.retryFailed(retry)))
}
