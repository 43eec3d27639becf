import type { Double, Value } from '../util/value.ts'
import type { OutputMode } from './output-mode.ts'

/**
 * A dataset config after loading: the wire format itself (snake_case), with defaults filled in.
 *
 * Kinds are open here: of a column, only the fields every column has are typed; the kind's own
 * schema reads the rest in `graph/`.
 */
export interface DatasetConfig {
  columns: readonly RawColumn[]
  model_configs: readonly ModelConfig[]
  /** Ours: providers in addition to the models, as in NeMo Data Designer's provider file. */
  model_providers: readonly ModelProvider[]
  seed_config: SeedConfig | null
  tool_configs: readonly ToolConfig[]
  /** Ours: MCP servers in addition to the tools, as in NeMo Data Designer's file of them. */
  mcp_providers: readonly McpProvider[]
  /** Null for one that can't be read. */
  constraints: readonly (ConstraintConfig | null)[]
  profilers: readonly ProfilerConfig[]
  /** Ours: columns that judged the same. */
  agreement: readonly AgreementConfig[]
  processors: readonly Record<string, unknown>[]
  /** Ours: the run seed, 0 ≤ seed < 2^64; null draws one and stores it. */
  seed: bigint | null
  /** Ours: packages, and paths from the config's folder, whose kinds it may name. */
  plugins: readonly string[]
  /** Ours: rows to make when the command line does not say. */
  rows: number | null
  /** Ours: makes rows until enough are accepted; null makes those of `rows`. */
  select: SelectConfig | null
  /** Ours: what models cost, by their names or aliases, where the installed list does not say it right. */
  prices: ReadonlyMap<string, PriceConfig>
}

/** Dollars for a million tokens, and for an image. */
export interface PriceConfig {
  input: number
  output: number
  /** Null for the price of `input`. */
  cached_input: number | null
  /** Share of these prices for requests that go in batches. */
  batch: number
  image: number | null
}

/** How many rows are accepted, and by what. */
export interface SelectConfig {
  /** A condition; null for rows that no filter rejects. */
  where: string | null
  target: number
  /** Rows made at most; null for what is usual. */
  max_candidates: number | null
  on_exhausted: 'stop' | 'keep'
}

/** A bound of a column: a number, or the values of another column. */
export interface ConstraintConfig {
  target_column: string
  operator: 'lt' | 'le' | 'gt' | 'ge'
  /** The other column's name where it is text. */
  rhs: number | string
}

/** Fields every column has. */
export interface ColumnConfig {
  name: string
  column_type: string
  drop: boolean
  skip: SkipConfig | null
  propagate_skip: boolean
  /** Ours: what happens to the row when a cell of this column fails. */
  on_failure: 'drop' | 'null' | 'stop'
}

/** A column whose own fields are still as written. */
export type RawColumn = ColumnConfig & Record<string, unknown>

export interface SkipConfig {
  when: string
  value: string | number | Double | boolean | null
}

/** An entry of `model_configs`. */
export interface ModelConfig {
  alias: string
  /** Where there is a pool, of its first choice; so is `provider`. */
  model: string
  provider: string
  /** Ours: everywhere its requests may go. */
  pool?: readonly PoolChoice[]
  /** Ours, with a pool: after which percentile of what answers take a second request is sent, as `p95`. */
  hedge?: string
  inference_parameters: InferenceParameters
  skip_health_check: boolean
  /** Ours: marks what its provider may keep of a prompt for the next one. */
  cache_prompt?: boolean
  /** Ours: whether requests are sent one by one, or together by the provider's batch API. */
  mode?: 'realtime' | 'batch' | undefined
}

/** One place where the requests of a model may go. */
export interface PoolChoice {
  provider: string
  model: string
  /** Its share of the requests, above 0. */
  weight: number
  /** Over those of the model, below those of the provider. */
  extra_body: Record<string, unknown> | null
}

/** A number, or the distribution it is drawn from for every request. */
export type Sampled =
  | number
  | { distribution_type: 'uniform'; params: { low: number; high: number } }
  | { distribution_type: 'manual'; params: { values: number[]; weights: number[] | null } }

export interface InferenceParameters {
  generation_type: 'chat-completion' | 'embedding' | 'image'
  /** Cap of this alias; another alias of the same endpoint does not share it. */
  max_parallel_requests: number
  /** Ours: of this alias; null for no limit but what the endpoint tells. */
  requests_per_minute: number | null
  /** Ours: of question and answer together. */
  tokens_per_minute: number | null
  /** Whole seconds; null means 60. */
  timeout: number | null
  extra_body: Record<string, unknown> | null
  temperature: Sampled | null
  top_p: Sampled | null
  max_tokens: number | null
  /** Ours, of chats only: how the model is held to JSON of a form; null or omitted finds it out. */
  output_mode?: OutputMode | null
  /** Of embeddings only. */
  encoding_format?: 'float' | 'base64'
  /** Of embeddings only: numbers of a vector; null leaves it to the model. */
  dimensions?: number | null
}

/** An entry of `model_providers`. */
export interface ModelProvider {
  name: string
  /** Base URL without trailing slash; empty for providers without one. */
  endpoint: string
  provider_type: string
  /** Name of an environment variable, never a key. */
  api_key: string | null
  /** Ours: names of several, each with limits of its own; `api_key` is null then. */
  api_keys?: readonly string[] | null
  extra_body: Record<string, unknown> | null
  extra_headers: Record<string, string> | null
  /** Ours: what a package of the AI SDK takes in addition to address, key and headers. */
  settings?: Record<string, unknown> | null
  /** Ours: cap of the endpoint over all aliases; null leaves the aliases' caps alone. */
  max_parallel_requests: number | null
  /** Ours: of the endpoint over all aliases; null for no limit but what it tells. */
  requests_per_minute: number | null
  /** Ours: of question and answer together. */
  tokens_per_minute: number | null
}

/** Tools of MCP servers that columns may use under one name. */
export interface ToolConfig {
  tool_alias: string
  /** Names of MCP providers. */
  providers: readonly string[]
  /** Null, or an empty list, for all tools of them. */
  allow_tools: readonly string[] | null
  /** Answers with tool calls whose calls are made. */
  max_tool_call_turns: number
  /** For listing and for each call; null means 60. */
  timeout_sec: number | null
}

/** An MCP server: a process that is started, or an address. */
export type McpProvider =
  | {
      name: string
      provider_type: 'stdio'
      command: string
      args: readonly string[]
      env: Readonly<Record<string, string>>
      /** Ours: calls at once. */
      max_parallel_requests: number
    }
  | {
      name: string
      provider_type: 'sse' | 'streamable_http'
      endpoint: string
      /** Name of an environment variable, never a token. */
      api_key: string | null
      /** Ours: calls at once. */
      max_parallel_requests: number
    }

export interface SeedConfig {
  source: { seed_type: string } & Record<string, unknown>
  sampling_strategy: 'ordered' | 'shuffle'
  selection_strategy:
    | { start: number; end: number }
    | { index: number; num_partitions: number }
    | null
  /** Ours: seed rows whose values a row of the dataset has; more than one as lists. */
  rows_per_record: number
  /** Ours: further seeds whose columns are added by a key; absent without any. */
  join?: readonly SeedJoin[]
}

/** A seed that is joined to the one before: its columns are added to the rows with the same key. */
export interface SeedJoin {
  source: SeedConfig['source']
  /** The columns whose values must be the same, at least one pair. */
  on: readonly KeyPair[]
  /** What becomes of a row without a partner: nulls, or it is omitted. */
  how: 'left' | 'inner'
  /** What several partners of a row mean. */
  many: 'refuse' | 'first' | 'expand' | 'list'
  /** Whether values are the same, or the texts they print as. */
  compare: 'value' | 'text'
  /** The columns that are added; null for all but the keys. */
  columns: readonly string[] | null
  /** Stands in front of the names of all columns that are added. */
  prefix: string
}

export interface KeyPair {
  /** A column of the seed, or of a join before. */
  left: string
  /** A column of the source that is joined. */
  right: string
}

/** Summaries of what judges said, by a model. */
export interface ProfilerConfig {
  model_alias: string
  /** Judgements read for each score; null for no summaries. */
  summary_score_sample_size: number | null
}

/** Columns that judged the same, and how their scores are compared. */
export interface AgreementConfig {
  columns: string[]
  /** Null for every score the judges share. */
  score: string | null
  /** Null where the scores say it. */
  level: 'nominal' | 'ordinal' | 'interval' | null
}

/** A literal as the YAML reader gives it: like `Value`, with plain objects for mappings. */
export type Literal =
  | Exclude<Value, readonly Value[] | ReadonlyMap<string, Value>>
  | readonly Literal[]
  | { readonly [key: string]: Literal }
