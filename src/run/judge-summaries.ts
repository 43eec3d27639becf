import { createHash } from 'node:crypto'
import { sampleSize } from '../config/report-parts.ts'
import { textOf } from '../graph/fingerprint.ts'
import type { Graph } from '../graph/graph.ts'
import type { Score } from '../graph/kind.ts'
import { modelIdentity } from '../graph/model-identity.ts'
import type { JudgedScore } from '../profile/judgements.ts'
import { judgementsOf } from '../report/read-judgements.ts'
import type { StoredJudgeSummary } from '../store/ledger-summaries.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Prepared } from '../check/prepare.ts'
import type { CostLimit } from '../scheduler/cost-limit.ts'
import type { RequestWatcher } from '../scheduler/request-watcher.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { ReplyCache } from '../rows/reply-cache.ts'
import type { Clock } from '../util/clock.ts'
import type { Partners } from './partners.ts'
import { sampleJudgements } from './sample-judgements.ts'
import { createSummaryEngine } from './summary-engine.ts'
import { summaryPrompt } from './summary-prompt.ts'

/** Has models sum up what judges said, once a dataset is complete. */
export interface JudgeSummaries {
  /** Requests the missing summaries; returns the failures, which do not affect the run. */
  make(): Promise<readonly StoredJudgeSummary[]>
  /** As of a scheduler. */
  drain(): void
  abort(): void
}

export interface SummaryOptions {
  store: RunStore
  prepared: Pick<Prepared, 'graph' | 'dataset' | 'runConfig'>
  partners: Partners
  cost: CostLimit | null
  watcher: RequestWatcher | null
  clock: Clock
  /** Cached answers. */
  cache?: ReplyCache
}

/** A summary to be made, with its prompt. */
interface Wanted {
  place: Pick<StoredJudgeSummary, 'column' | 'score' | 'alias' | 'asked'>
  prompt: string
}

export function createJudgeSummaries({
  store,
  prepared,
  partners,
  cost,
  watcher,
  clock,
  cache,
}: SummaryOptions): JudgeSummaries {
  const { graph, dataset, runConfig } = prepared
  let scheduler: Scheduler | null = null
  let isOver = false

  async function ask(alias: string, wanted: readonly Wanted[]): Promise<StoredJudgeSummary[]> {
    const made = new Map<number, StoredJudgeSummary>()
    const keeping: Promise<void>[] = []
    const keep = (at: number, said: Pick<StoredJudgeSummary, 'text' | 'failure'>): void => {
      const one = wanted[at]
      if (one === undefined) return
      const summary = { ...one.place, ...said }
      made.set(at, summary)
      keeping.push(store.keepSummary(summary))
    }
    scheduler = await createSummaryEngine({
      prompts: wanted.map(({ prompt }) => prompt),
      alias,
      dataset,
      partners,
      cost,
      watcher,
      runConfig,
      clock,
      ...(cache === undefined ? {} : { cache }),
      journal: store.journal,
      onAnswer: (at, text) => keep(at, { text, failure: null }),
      onFailure: (at, failure) => keep(at, { text: null, failure }),
    })
    const ended = await scheduler.run()
    scheduler = null
    if (ended.kind === 'stopped') {
      for (const at of wanted.keys()) {
        if (!made.has(at)) keep(at, { text: null, failure: ended.reason })
      }
    }
    await Promise.all(keeping)
    return [...made.values()].filter(({ failure }) => failure !== null)
  }

  return {
    async make() {
      const failed: StoredJudgeSummary[] = []
      const wanted = await wantedSummaries(store, graph, dataset)
      const byAlias = Map.groupBy(wanted, ({ place }) => place.alias)
      for (const [alias, own] of byAlias) {
        if (isOver) break
        failed.push(...(await ask(alias, own)))
      }
      return failed
    },
    drain() {
      isOver = true
      scheduler?.drain()
    },
    abort() {
      isOver = true
      scheduler?.abort()
    },
  }
}

/** Summaries without an answer, for columns that are in the dataset. */
async function wantedSummaries(
  store: RunStore,
  graph: Graph,
  dataset: Prepared['dataset'],
): Promise<Wanted[]> {
  const judges = graph.columns.filter(
    ({ scores, drop }) => !drop && scores.some(({ isBare }) => isBare !== true),
  )
  const profilers = dataset.profilers.filter((profiler) => sampleSize(profiler) > 0)
  const stored = await store.summaries()
  if (judges.length === 0 || profilers.length === 0) {
    await store.forgetSummaries(stored)
    return []
  }
  const wanted: Wanted[] = []
  await store.completeProfiles()
  const { judges: given } = await judgementsOf(store.directory, store.settings, graph)
  for (const profiler of profilers) {
    const { model_alias: alias } = profiler
    const names = judges.map(({ name }) => name)
    const samples = await sampleJudgements(store, names, sampleSize(profiler))
    for (const { name: column, scores } of judges) {
      for (const score of scores) {
        const sample = samples.get(column)?.get(score.name) ?? []
        const counts = given.find((one) => one.column === column && one.score === score.name)
        if (sample.length === 0 || counts === undefined) continue
        wanted.push(wantedOf({ column, score, alias }, counts, sample, dataset))
      }
    }
  }
  const asked = new Set(wanted.map(({ place }) => placeKey(place)))
  await store.forgetSummaries(stored.filter((one) => !asked.has(placeKey(one))))
  const known = new Set(stored.filter(({ text }) => text !== null).map(placeKey))
  return wanted.filter(({ place }) => !known.has(placeKey(place)))
}

function wantedOf(
  { column, score, alias }: { column: string; score: Score; alias: string },
  counts: JudgedScore,
  sample: Parameters<typeof summaryPrompt>[2],
  dataset: Prepared['dataset'],
): Wanted {
  const prompt = summaryPrompt(score, counts, sample)
  const asked = createHash('sha256')
    .update(textOf({ model: modelIdentity(dataset, alias), prompt }))
    .digest('hex')
  return { place: { column, score: score.name, alias, asked }, prompt }
}

function placeKey({ column, score, alias, asked }: Wanted['place']): string {
  return JSON.stringify([column, score, alias, asked])
}
