// oxlint-disable-next-line import/no-unassigned-import -- it has to run before what is imported below
import './util/require-node.ts'
/** The schema library that all kinds use: one copy, so that schemas go together. */
export { z } from 'zod'

export type { Plugin } from './plugins/plugin.ts'
export { definePlugin } from './plugins/plugin.ts'

export { bindTemplate, templateStream } from './columns/bind-template.ts'
export { describePrompt, describeTemplate } from './columns/describe-template.ts'
export { commonFields } from './config/common-fields.ts'
export type {
  ColumnConfig,
  Literal,
  ModelConfig,
  ModelProvider,
  RawColumn,
} from './config/dataset.ts'
export { type JsonForm, type JsonSchema, withForm } from './config/json-form.ts'
export type { Mapping } from './config/literal.ts'
export type { ConfigPath, Position, Problem } from './config/problem.ts'
export {
  double,
  flag,
  integer,
  list,
  literal,
  mapOf,
  mapping,
  oneOf,
  type Refusal,
  refuse,
  scalar,
  text,
} from './config/scalars.ts'
export { defineExporter, type Exporter } from './export/define.ts'
export type { RecordValues } from './export/records.ts'
export type {
  ContinuousDistribution,
  Distribution,
  ListedDistribution,
  Rounding,
} from './graph/distribution.ts'
export { type ColumnType, vectorType } from './graph/column-type.ts'
export { CellFailure } from './graph/failure.ts'
export type { MediaFile, MediaStore } from './graph/media.ts'
export { CellInterrupted, type InterruptReason } from './graph/interrupted.ts'
export {
  type Again,
  type BindContext,
  type CellResult,
  type ColumnDescription,
  type ColumnGenerator,
  type ColumnKind,
  type ColumnRoute,
  type Correction,
  defineColumn,
  type DescribeContext,
  type Generator,
  type LoadContext,
  type Loaded,
  LoadFault,
  type LoadFaultOptions,
  type Reference,
  type RequestGenerator,
  type Row,
  type RowGenerator,
  type SeedWindow,
  type Service,
  type SharedGenerator,
  type TaskContext,
  type TaskGenerator,
  type Turn,
} from './graph/kind.ts'
export type {
  LeavingKind,
  ProcessContext,
  ProcessorConfig,
  ProcessorContext,
  ProcessorKind,
  ProcessorOutput,
  RecordBatch,
  RecordColumn,
  RecordProcessorKind,
  RowProcessorKind,
  RunningKind,
} from './graph/processor-kind.ts'
export type { TemplateField } from './graph/read-template.ts'
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
  openHttpProvider,
  type Protocol,
  type ReplyContext,
  type WireRequest,
} from './models/http-provider.ts'
export {
  defineProvider,
  type Environment,
  type ModelTarget,
  type Provider,
  type ProviderContext,
  type ProviderKind,
} from './models/provider.ts'
export { defineLeavingProcessor, defineProcessor, defineRowProcessor } from './processors/define.ts'
export type { Random } from './random/random.ts'
export { listedDistribution, uniformCdf } from './samplers/declare-distribution.ts'
export {
  defineSampler,
  type Sampler,
  type SamplerCheckContext,
  type SamplerContext,
  type SampleType,
} from './samplers/define.ts'
export { readContent } from './seeds/compression.ts'
export {
  defineSeedSource,
  type OpenedSeed,
  type RowsOptions,
  type SeedColumn,
  type SeedContext,
  SeedFault,
  type SeedNote,
  type SeedRow,
  type SeedSource,
} from './seeds/define.ts'
export type { ReadOptions, SeedFile } from './seeds/file.ts'
export {
  batchRows,
  defineSeedFormat,
  type FormatReading,
  type SeedFormat,
} from './seeds/formats/define.ts'
export type { Clock } from './util/clock.ts'
export { Double, toDouble, toInteger, type Value } from './util/value.ts'
export {
  defineValidator,
  type LoadedFunction,
  type QuickValidator,
  type RemoteValidator,
  type SlowValidator,
  type Subject,
  type Validator,
  type ValidatorContext,
  type ValidatorDescription,
  type ValidatorLoadContext,
  type ValidatorOpenContext,
  type Verdict,
} from './validators/define.ts'
