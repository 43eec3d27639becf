import type { Prepared } from '../check/prepare.ts'
import type { Graph, GraphColumn } from '../graph/graph.ts'
import type { StoredSeedDescription } from '../seeds/normalise.ts'
import type { ConfigVersion } from '../store/ledger-config.ts'
import type { ForeseenChange } from '../store/ledger-foresee.ts'
import type { RunSettings } from '../store/run-settings.ts'
import type { RunStore } from '../store/run-store.ts'
import { RowsmithError } from '../util/errors.ts'
import { nearest } from '../util/near-miss.ts'
import { askedAliases, type EditPlan, needsConsent, planEdit, type SeedParts } from './edit-plan.ts'
import { editLines } from './edit-text.ts'
import { newVersion, type WantedRun } from './settings.ts'

/** A changed config for an existing run, and its effect. */
export interface ConfigEdit {
  version: ConfigVersion
  plan: EditPlan
  /** Models that receive requests for missing cells. */
  asked: readonly string[]
}

export interface EditOptions {
  /** What the caller allowed in addition to the config. */
  wanted: Pick<WantedRun, 'rows'>
  target: number
  /** Whether columns are made again, made in addition to, or omitted. */
  edit: boolean
  /** Columns that changed and whose cells are used. */
  keep: readonly string[]
  /** What the run folder has of the seed. */
  seed: StoredSeedDescription | null
}

/** Determines what a config changes in a run; null for nothing. Refuses changes that the caller did not allow. */
export async function foreseeEdit(
  store: RunStore,
  prepared: Prepared,
  { wanted, target, edit, keep, seed }: EditOptions,
): Promise<ConfigEdit | null> {
  const { settings: stored } = store
  const { graph } = prepared
  checkKept(keep, store, prepared)
  const { accepted, nullKept } = await store.totals()
  const version = newVersion(stored, prepared, { wanted, cells: accepted + nullKept })
  if (version === null) return null
  const foreseen = await foreseeCells(store, graph, { version, target })
  const seedParts = partsOfSeeds(stored, seed, prepared)
  const plan = planEdit({ stored, version, graph, foreseen, seedParts })
  if (needsConsent(plan) && !edit) throw refusal(plan)
  return { version, plan, asked: askedAliases(graph, foreseen) }
}

/**
 * The effect of a version on the rows below a target. A row that a filter rejected before is assumed to be
 * rejected again: cells that wait for the filter are not counted there.
 */
export async function foreseeCells(
  store: RunStore,
  { columns }: Graph,
  { version, target }: { version: ConfigVersion; target: number },
): Promise<ForeseenChange> {
  const foreseen = await store.foreseeChange(version, target)
  const waits = ({ upstream }: GraphColumn): boolean =>
    upstream.some((above) => (columns[above]?.filter ?? null) !== null)
  return {
    ...foreseen,
    missing: foreseen.missing.map((count, id) => {
      const column = columns[id]
      const lost = column !== undefined && waits(column) ? foreseen.rejected : 0
      return Math.max(0, count - lost)
    }),
  }
}

function partsOfSeeds(
  { seedIdentity: before }: RunSettings,
  folder: StoredSeedDescription | null,
  { seedIdentity: now, seed }: Prepared,
): SeedParts {
  if (before === now) return { before: [], now: [] }
  const known = [folder, seed?.seed ?? null].flatMap((one) => one ?? [])
  const partsOf = (identity: string | null): string[] => {
    if (identity === null) return []
    const { parts = [{ identity }] } = known.find((one) => one.identity === identity) ?? {}
    return parts.map((part) => part.identity)
  }
  return { before: partsOf(before), now: partsOf(now) }
}

function refusal(plan: EditPlan): RowsmithError {
  const byOthers = plan.columns.filter(({ models }) => models !== null)
  return new RowsmithError(
    'fingerprint-changed',
    ['the config is not the one this run was made with:', ...editLines(plan)].join('\n'),
    {
      hints: [
        'Add --edit to continue with it. Replaced cells are kept: changing it back costs nothing.',
        ...byOthers
          .slice(0, 1)
          .map(({ name }) => `Add --keep ${name} to use the cells that the other model wrote.`),
        'Restore the old config, or start a new run next to this one with --fresh.',
      ],
    },
  )
}

/** Refuses to keep a column that does not exist or has no cells to keep. */
function checkKept(keep: readonly string[], store: RunStore, { graph }: Prepared): void {
  const stored = new Map(store.settings.columns.map((column) => [column.name, column]))
  for (const name of keep) {
    const column = graph.columns.find((one) => one.name === name && one.filter === null)
    const before = stored.get(name)
    const names = [...graph.byName.keys()].filter((other) => stored.has(other))
    if (column === undefined || before === undefined) {
      const meant = nearest(name, names)
      throw notKept(
        `--keep ${name}: ${column === undefined ? 'the config' : 'the run'} has no column ${name}`,
        meant === undefined ? `There are ${names.join(', ')}.` : `Did you mean ${meant}?`,
      )
    }
    if (column.producer !== null) {
      const { name: producer = '' } = graph.columns[column.producer] ?? {}
      throw notKept(`--keep ${name}: ${producer} fills it`, `Say --keep ${producer}.`)
    }
    if (column.pure) {
      throw notKept(
        `--keep ${name}: its cells cost nothing and are never stored`,
        'Leave it out: they are computed again.',
      )
    }
    if (column.type !== before.type) {
      throw notKept(
        `--keep ${name}: its cells are of type ${before.type}, and would be ${column.type} now`,
        'Add --edit instead: it makes them again.',
      )
    }
  }
}

function notKept(message: string, hint: string): RowsmithError {
  return new RowsmithError('usage', message, { hints: [hint] })
}
