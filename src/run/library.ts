import type { JsonSchemaOptions, SchemaKind } from '../check/json-schema.ts'
import type { KindList, ListKindsOptions } from '../check/list-kinds.ts'
import type { Validation, ValidateOptions } from '../check/validate.ts'
import type { JsonSchema } from '../config/json-form.ts'
import type { Pulled, PullOptions } from '../hub/pull.ts'
import type { Rendering, RenderOptions, RenderSource, VariableList } from '../render/render.ts'
import type { ListedRun } from '../report/list-runs.ts'
import type { RunComparison } from './compare-runs.ts'
import type { CheckRunOptions, RunCheck } from './check-run.ts'
import type { Dataset, OpenOptions } from './open-dataset.ts'
import type { GivenUpBatch, GiveUpBatchesOptions } from './give-up-batches.ts'
import type { FreedSpace, FreeSpaceOptions } from './free-space.ts'
import type { Preview, PreviewOptions } from './preview.ts'
import type { ForecastRun } from './forecast.ts'
import { refuseOptions } from './refuse-options.ts'
import type { RunOptions } from './run.ts'
import type { Run } from './working-run.ts'
import type { RunResult } from '../report/run-result.ts'

// The functions of the library. Each loads what it needs when it is called, so that importing the library
// is cheap.

/** Makes the dataset that a config describes, or continues an interrupted run. */
export async function create(options: RunOptions): Promise<RunResult> {
  refuseOptions(options, 'create')
  const run = await import('./run.ts')
  return run.create(options)
}

/** Like `create`, but returns at once with a handle of the running run. */
export async function start(options: RunOptions): Promise<Run> {
  refuseOptions(options, 'start')
  const run = await import('./run.ts')
  return run.start(options)
}

/** Makes a few records in a temporary folder and returns them. */
export async function preview(options: PreviewOptions): Promise<Preview> {
  refuseOptions(options, 'preview')
  const made = await import('./preview.ts')
  return made.preview(options)
}

/** Forecasts the requests, tokens, cost and time of `create`, without a request and without a change. */
export async function forecast(options: RunOptions): Promise<ForecastRun> {
  refuseOptions(options, 'forecast')
  const made = await import('./forecast.ts')
  return made.forecast(options)
}

/** Opens a run folder for reading; refuses a folder without a run. */
export async function open(directory: string, options?: OpenOptions): Promise<Dataset> {
  const dataset = await import('./open-dataset.ts')
  return dataset.open(directory, options)
}

/** Downloads a dataset of the Hugging Face Hub into a folder, and verifies every byte. */
export async function pull(
  repository: string,
  directory: string,
  options?: PullOptions,
): Promise<Pulled> {
  const hub = await import('../hub/pull.ts')
  return hub.pull(repository, directory, options)
}

/** Verifies every byte of a run folder, and repairs it with `repair: true`; sends nothing. */
export async function checkRun(directory: string, options?: CheckRunOptions): Promise<RunCheck> {
  const check = await import('./check-run.ts')
  return check.checkRun(directory, options)
}

/** Lists the runs in a folder, or the run if the folder is one. */
export async function listRuns(directory: string): Promise<ListedRun[]> {
  const list = await import('../report/list-runs.ts')
  return list.listRuns(directory)
}

/** Compares two run folders. */
export async function compareRuns(
  one: string,
  other: string,
  options?: OpenOptions,
): Promise<RunComparison> {
  const compare = await import('./compare-runs.ts')
  return compare.compareRuns(one, other, options)
}

/** Reports the data of columns that are no longer in the config, and deletes it with `yes`. */
export async function freeSpace(
  directory: string,
  options?: FreeSpaceOptions,
): Promise<FreedSpace> {
  const space = await import('./free-space.ts')
  return space.freeSpace(directory, options)
}

/**
 * Forgets batches of a run without asking their provider, by the names that `summary` has: the run sends their
 * requests again. What they answered is lost, and may be paid for.
 */
export async function giveUpBatches(
  directory: string,
  names: readonly string[],
  options?: GiveUpBatchesOptions,
): Promise<GivenUpBatch[]> {
  const batches = await import('./give-up-batches.ts')
  return batches.giveUpBatches(directory, names, options)
}

/** Makes the checks of a run, without a request and without writing anything. */
export async function validate(options: ValidateOptions): Promise<Validation> {
  refuseOptions(options, 'validate')
  const check = await import('../check/validate.ts')
  return check.validate(options)
}

/** Renders a template, or the templates of a column. */
export async function render(options: RenderOptions): Promise<Rendering> {
  const rendering = await import('../render/render.ts')
  return rendering.render(options)
}

/** Lists the variables that templates read, and the problems of the templates. */
export async function listVariables(source: RenderSource): Promise<VariableList> {
  const rendering = await import('../render/render.ts')
  return rendering.listVariables(source)
}

/** Lists every kind that a config may name, by family. */
export async function listKinds(options?: ListKindsOptions): Promise<KindList> {
  const kinds = await import('../check/list-kinds.ts')
  return kinds.listKinds(options)
}

/** A JSON Schema of a kind of file, for editors and other tools. */
export async function jsonSchema(
  kind?: SchemaKind,
  options?: JsonSchemaOptions,
): Promise<JsonSchema> {
  const schema = await import('../check/json-schema.ts')
  return schema.jsonSchema(kind, options)
}
