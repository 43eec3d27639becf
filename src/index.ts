// oxlint-disable-next-line import/no-unassigned-import -- it has to run before what is imported below
import './util/require-node.ts'
export {
  type CustomColumn,
  type CustomContext,
  type CustomFunction,
  defineCustom,
} from './columns/define-custom.ts'
export type { ColumnConfig, DatasetConfig } from './config/dataset.ts'
export type { JsonSchema } from './config/json-form.ts'
export type { WrittenRunConfig } from './config/run-config.ts'
export type { Problem } from './config/problem.ts'
export type { ArrowField, ArrowRow, ArrowTable, ArrowVector } from './export/arrow-table.ts'
export type { DatasetRecord } from './export/records.ts'
export type { ExportFormat } from './export/files.ts'
export type { ExportedFile } from './export/form-writer.ts'
export type { ColumnType } from './graph/column-type.ts'
export { CellFailure } from './graph/failure.ts'
export type { MediaFile, MediaStore } from './graph/media.ts'
export { CellInterrupted, type InterruptReason } from './graph/interrupted.ts'
export {
  type Again,
  type BindContext,
  type CellResult,
  type ColumnDescription,
  type ColumnKind,
  type ColumnRoute,
  type Correction,
  defineColumn,
  type DescribeContext,
  type Generator,
  type Row,
  type TaskContext,
  type Turn,
} from './graph/kind.ts'
export { RequestError, type RequestProblem } from './graph/request-error.ts'
export {
  type ChatMessage,
  type ChatRequest,
  type Content,
  type EmbedRequest,
  type ImageRequest,
  type MediaRef,
  type ModelReply,
  type ModelRequest,
  type Operation,
  textMessage,
  textOf,
  type Tool,
  type Usage,
} from './graph/request.ts'
export {
  defineProvider,
  type ModelTarget,
  type Provider,
  type ProviderContext,
  type ProviderKind,
} from './models/provider.ts'
export type { Plugin } from './plugins/plugin.ts'
export type { GivenPlugin } from './plugins/gather-plugins.ts'
export type { KindFamily, ListedKind } from './plugins/kind-registry.ts'
export { ConfigError } from './check/config-error.ts'
export type { ConfigInput, WrittenConfig } from './check/sources.ts'
export type { Dataset, OpenOptions } from './run/open-dataset.ts'
export type { JsonSchemaOptions, SchemaKind } from './check/json-schema.ts'
export type { DatasetReport } from './report/write-report.ts'
export type { CellStory, RowStory } from './report/inspect-row.ts'
export type { CellUsage } from './store/ledger-requests.ts'
export type { ListedRun } from './report/list-runs.ts'
export type { RunSummary } from './report/run-summary.ts'
export type { ColumnStatistics } from './profile/statistics.ts'
export type { Finding, Verdict } from './profile/finding.ts'
export type { TextFigures } from './profile/text-figures.ts'
export type { Preview, PreviewOptions, PreviewRow } from './run/preview.ts'
export type { CheckRunOptions, RunCheck } from './run/check-run.ts'
export type { RunComparison } from './run/compare-runs.ts'
export type { GivenUpBatch, GiveUpBatchesOptions } from './run/give-up-batches.ts'
export type { FreedSpace, FreeSpaceOptions } from './run/free-space.ts'
export type { ForecastRun } from './run/forecast.ts'
export type { ColumnForecast, Forecast, Range } from './run/extrapolate.ts'
export type { EditedColumn, EditPlan } from './run/edit-plan.ts'
export {
  checkRun,
  compareRuns,
  create,
  forecast,
  freeSpace,
  giveUpBatches,
  jsonSchema,
  listKinds,
  listRuns,
  listVariables,
  open,
  preview,
  pull,
  render,
  start,
  validate,
} from './run/library.ts'
export type {
  Agreement,
  AgreementPair,
  AgreementReason,
  JudgedScore,
} from './profile/judgements.ts'
export type { RowCounts, RunEnd, RunResult } from './report/run-result.ts'
export type { ExportEvent, RequestEvent, RunEvent } from './run/run-event.ts'
export type {
  RenderedPart,
  RenderedRow,
  Rendering,
  RenderOptions,
  RenderSource,
  TemplateVariable,
  VariableList,
} from './render/render.ts'
export type { HubEvent } from './hub/hub-event.ts'
export type { Pulled, PullOptions } from './hub/pull.ts'
export type { Pushed, PushOptions } from './hub/push.ts'
export type { RunOptions } from './run/run.ts'
export type { Run } from './run/working-run.ts'
export type { KindList, ListKindsOptions } from './check/list-kinds.ts'
export type { ValidateOptions, Validation } from './check/validate.ts'
export type { FailedCell, FailureFilter } from './store/failed-cells.ts'
export { dataset } from './typed/dataset-builder.ts'
export type {
  Constraint,
  DatasetBuilder,
  DatasetOptions,
  JoinOptions,
  SeedOptions,
  TypedPreviewOptions,
  TypedRunOptions,
} from './typed/dataset-builder.ts'
export type { ColumnOptions, ColumnSpec, Mistake, Prompt } from './typed/column-spec.ts'
export { llm, type Schema } from './typed/llm.ts'
export {
  type InferenceOptions,
  type Model,
  model,
  type ModelOptions,
  provider,
  type ProviderEntry,
  type ProviderOptions,
} from './typed/model.ts'
export { columnOf, custom, type CustomOptions, expression } from './typed/own-columns.ts'
export { sampler } from './typed/samplers.ts'
export type { TypedRun } from './typed/typed-run.ts'
export { z } from 'zod'
export { isRowsmithError, RowsmithError, type ErrorCode } from './util/errors.ts'
export { Double, type Value } from './util/value.ts'
