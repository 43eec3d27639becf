import { z } from 'zod'
import { isMapping } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod, withPositions } from './problems.ts'
import { double, flag, integer, oneOf, text as textOf } from './scalars.ts'
import { parseConfigText } from './text.ts'

/** How a run is driven: NeMo Data Designer's run config with ours next to it. */
export type RunConfig = Omit<z.output<typeof runSchema>, 'request_admission' | 'part_rows'> & {
  request_admission: RequestAdmission
  /** Rows of a part file; a multiple of `buffer_size`. */
  part_rows: number
}

/** The fields of a run config, as you write them. */
export interface WrittenRunConfig extends WrittenFields<z.output<typeof writtenSchema>> {}

type WrittenFields<Fields> = {
  readonly [Name in keyof Fields]?: Fields[Name] extends object | null | undefined
    ? WrittenFields<Fields[Name]>
    : Fields[Name]
}

/** How an endpoint's concurrency adapts to 429s; what is null is left to the limiter. */
export type RequestAdmission = z.output<typeof admissionSchema>

const admissionSchema = z.strictObject({
  multiplicative_decrease_factor: double({ above: 0, below: 1 })
    .default(0.75)
    .describe('The factor of the limit after a burst of 429s.'),
  additive_increase_step: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Requests by which the limit grows; null for growth by replies.'),
  successes_until_increase: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Replies after which it grows.'),
  cooldown_seconds: double({ above: 0, below: Infinity })
    .nullable()
    .default(null)
    .describe('Pause after a 429 that says nothing of it.'),
  startup_ramp_seconds: double({ min: 0, below: Infinity })
    .nullable()
    .default(null)
    .describe('Time until the cap is reached; 0 begins there.'),
  /** Ours. */
  slowdown_trials: flag()
    .default(false)
    .describe(
      'Tries whether fewer requests at once are answered as fast, where replies got slower.',
    ),
})

/** The deprecated spelling of `request_admission`. */
const throttleSchema = z.strictObject({
  reduce_factor: double({ above: 0, below: 1 })
    .default(0.75)
    .describe('Old name of multiplicative_decrease_factor.'),
  additive_increase: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Old name of additive_increase_step.'),
  success_window: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Old name of successes_until_increase.'),
  cooldown_seconds: double({ above: 0, below: Infinity })
    .nullable()
    .default(null)
    .describe('Pause after a 429 that says nothing of it.'),
  rampup_seconds: double({ min: 0, below: Infinity })
    .nullable()
    .default(null)
    .describe('Old name of startup_ramp_seconds.'),
  ceiling_overshoot: double({ min: 0 })
    .default(0.1)
    .describe('Changes nothing here: the limit never grows above the cap.'),
})

const runSchema = z.strictObject({
  disable_early_shutdown: flag().default(false).describe('Never stop because too many cells fail.'),
  shutdown_error_rate: double({ min: 0, max: 1 })
    .default(0.5)
    .describe('Share of failed cells in the window at which the run stops.'),
  shutdown_error_window: integer({ min: 1 })
    .default(10)
    .describe('The number of recent cells for this rate.'),
  buffer_size: integer({ min: 1 }).default(1000).describe('Rows opened together.'),
  max_concurrent_row_groups: integer({ min: 1 })
    .default(3)
    .describe('Changes nothing here: groups are opened when something would be idle.'),
  max_in_flight_tasks: integer({ min: 1 })
    .default(1024)
    .describe('Changes nothing here: requests are bounded where they are sent.'),
  non_inference_max_parallel_workers: integer({ min: 1 })
    .default(4)
    .describe('Local asynchronous cells at once.'),
  max_conversation_restarts: integer({ min: 0 })
    .default(5)
    .describe('Times a conversation begins anew when no correction helped.'),
  max_conversation_correction_steps: integer({ min: 0 })
    .default(1)
    .describe('How often rowsmith asks a model to correct an unusable answer.'),
  async_trace: flag().default(false).describe('Changes nothing here: the ledger has it.'),
  write_scheduler_events: flag()
    .default(false)
    .describe('Changes nothing here: the ledger has it.'),
  display_tui: flag()
    .default(false)
    .describe('Changes nothing here: progress is shown on any terminal.'),
  /** Seconds. */
  progress_interval: double({ above: 0, below: Infinity })
    .default(5)
    .describe('Seconds between lines of progress without a terminal.'),
  otel_metrics_port: integer({ min: 1, max: 65535 })
    .nullable()
    .default(9464)
    .describe('Changes nothing here: no port is opened.'),
  preserve_dropped_columns: flag()
    .default(true)
    .describe('Changes nothing here: part files keep every column.'),
  jinja_rendering_engine: oneOf(['secure', 'native'])
    .default('secure')
    .describe('Changes nothing here: there is one engine, with a sandbox.'),
  request_admission: admissionSchema
    .nullable()
    .default(null)
    .describe('How the concurrency of an endpoint adapts to 429s.'),
  /** Ours: null takes the smallest multiple of `buffer_size` from 4,096 rows on. */
  part_rows: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Rows of a part file; null for the smallest multiple of buffer_size from 4,096 on.'),
  /** Ours: rows being worked on or written at once. */
  max_open_rows: integer({ min: 1 }).default(65_536).describe('Rows worked on or written at once.'),
  /** Ours: bytes of their cells. */
  max_open_bytes: integer({ min: 2 ** 20 })
    .default(256 * 2 ** 20)
    .describe('Bytes of their cells.'),
  /** Ours. */
  local_timeout: double({ above: 0, below: Infinity })
    .default(3600)
    .describe('Seconds that local work of a cell or a whole-column call may take before it fails.'),
  /** Ours: tries of one request before its cell fails; waiting for 429s does not count. */
  max_attempts: integer({ min: 1 })
    .default(8)
    .describe('Tries of one request before its cell fails; waiting for 429s does not count.'),
  /** Ours: of models with `mode: batch`. */
  batch_requests: integer({ min: 1 })
    .default(50_000)
    .describe('Requests of a batch at most, where the provider takes as many.'),
  batch_wait: double({ min: 0, below: Infinity })
    .default(900)
    .describe('Seconds after which a batch is sent that is not full.'),
  batch_poll: double({ above: 0, below: Infinity })
    .default(60)
    .describe('The maximum number of seconds between two polls of a batch.'),
  /** Ours: dollars, over all sessions of a run. */
  max_cost: double({ above: 0, below: Infinity })
    .nullable()
    .default(null)
    .describe('Dollars the run may cost in all; it stops before a request that could exceed them.'),
  /** Ours: seconds. */
  max_outage: double({ min: 0, below: Infinity })
    .default(300)
    .describe(
      'Seconds an endpoint may be unavailable before the run leaves its rows for the next session; 0 does not wait.',
    ),
  /** Ours. */
  prefix_order: flag()
    .default(true)
    .describe(
      'Requests that begin with the same long text go to the same place of a pool, one of them first.',
    ),
  /** Ours. */
  cache: z
    .union([flag(), textOf({ nonEmpty: true })])
    .default(false)
    .describe(
      'Stores answers for other runs, and reuses stored ones: true for the folder .rowsmith-cache, or a folder.',
    ),
})

/** With the deprecated names; they are replaced before anything else reads the object. */
export const writtenSchema = z.strictObject({
  ...runSchema.shape,
  progress_bar: flag().optional().describe('Old name of display_tui.'),
  throttle: throttleSchema.nullable().optional().describe('Old form of request_admission.'),
})

const leastPartRows = 4096

const instead: Readonly<Record<string, string>> = {
  max_concurrent_row_groups:
    'Row groups are opened when they would put an idle endpoint to work; bound them with max_open_rows.',
  max_in_flight_tasks:
    'Requests are bounded by max_parallel_requests of models and providers, rows by max_open_rows.',
  display_tui: 'The panel is shown whenever progress goes to a terminal.',
  async_trace: 'The ledger in the run folder records every cell with its attempts, cost and error.',
  write_scheduler_events: 'The ledger in the run folder records what happened to every cell.',
  otel_metrics_port:
    'No metrics port is opened; the progress panel and the report show the numbers.',
  preserve_dropped_columns: 'The part files in the run folder always keep dropped columns.',
  jinja_rendering_engine: 'Templates always run in the sandbox, with the same filters.',
}

/** Values that ask for nothing else than what happens anyway. */
const asItIs: ReadonlySet<string> = new Set([
  'display_tui:true',
  'async_trace:false',
  'write_scheduler_events:false',
  'otel_metrics_port:null',
  'preserve_dropped_columns:true',
  'jinja_rendering_engine:secure',
])

/** The run config nothing was written for. */
export const defaultRunConfig: RunConfig = resolve(runSchema.parse({}))

export interface LoadedRunConfig {
  /** Null when there are errors. */
  config: RunConfig | null
  problems: Problem[]
}

/** Reads a run config file: one flat mapping; an empty file has all defaults. */
export function loadRunConfig(text: string, { file }: { file: string }): LoadedRunConfig {
  const { value, problems: textProblems, locate } = parseConfigText(text, { file })
  if (value === undefined) return { config: null, problems: textProblems }
  const { config, problems } = parseRunConfig(value ?? {})
  return { config, problems: [...textProblems, ...withPositions(problems, file, locate)] }
}

/** Checks and completes a run config; warnings name what was written but changes nothing here. */
export function parseRunConfig(value: unknown, path: ConfigPath = []): LoadedRunConfig {
  const subject = 'the run config'
  const result = writtenSchema.safeParse(value)
  const both = conflicts(value, path)
  if (!result.success || both.length > 0) {
    const context = { path, value, schema: writtenSchema, subject }
    const wrong = result.success ? [] : problemsOfZod(result.error, context)
    return { config: null, problems: [...wrong, ...both] }
  }
  const { progress_bar, throttle, ...settings } = result.data
  const given = isMapping(value) ? value : {}
  const config = resolve({
    ...settings,
    display_tui:
      given['display_tui'] === undefined ? (progress_bar ?? false) : settings.display_tui,
    request_admission: throttle ? fromThrottle(throttle) : settings.request_admission,
  })
  return { config, problems: [...deprecations(given, path), ...notes(given, settings, path)] }
}

function resolve(settings: z.output<typeof runSchema>): RunConfig {
  const { buffer_size, part_rows, request_admission, disable_early_shutdown } = settings
  const wanted = part_rows ?? leastPartRows
  return {
    ...settings,
    shutdown_error_rate: disable_early_shutdown ? 1 : settings.shutdown_error_rate,
    part_rows: Math.ceil(wanted / buffer_size) * buffer_size,
    request_admission: request_admission ?? admissionSchema.parse({}),
  }
}

function fromThrottle(throttle: z.output<typeof throttleSchema>): RequestAdmission {
  return {
    multiplicative_decrease_factor: throttle.reduce_factor,
    additive_increase_step: throttle.additive_increase,
    successes_until_increase: throttle.success_window,
    cooldown_seconds: throttle.cooldown_seconds,
    startup_ramp_seconds: throttle.rampup_seconds,
    slowdown_trials: false,
  }
}

type Written = { readonly [key: string]: unknown }

/** `throttle` and `request_admission` say the same thing twice. */
function conflicts(value: unknown, path: ConfigPath): Problem[] {
  if (!isMapping(value) || (value['throttle'] ?? null) === null) return []
  if (!('request_admission' in value)) return []
  return [
    {
      level: 'error',
      code: 'conflicting-fields',
      path: [...path, 'throttle'],
      message: "The run config has both 'throttle' and 'request_admission'",
      suggestion: "Keep 'request_admission'; 'throttle' is its old name.",
    },
  ]
}

function deprecations(given: Written, path: ConfigPath): Problem[] {
  const newNames = { progress_bar: 'display_tui', throttle: 'request_admission' }
  return Object.entries(newNames)
    .filter(([old]) => old in given)
    .map(([old, name]) => ({
      level: 'warning',
      code: 'deprecated-field',
      path: [...path, old],
      message: `'${old}' is the old name of '${name}'`,
      suggestion: `Write '${name}' instead.`,
    }))
}

function notes(given: Written, settings: Written, path: ConfigPath): Problem[] {
  const unused = Object.keys(given)
    .filter((key) => instead[key] !== undefined)
    .filter((key) => !asItIs.has(`${key}:${String(settings[key])}`))
    .map((key) => withoutEffect([...path, key], instead[key] ?? ''))
  const throttle = given['throttle']
  if (isMapping(throttle) && 'ceiling_overshoot' in throttle) {
    const text = 'The limit never grows above max_parallel_requests.'
    unused.push(withoutEffect([...path, 'throttle', 'ceiling_overshoot'], text))
  }
  const { part_rows, buffer_size } = settings
  const uneven =
    typeof part_rows === 'number' &&
    typeof buffer_size === 'number' &&
    part_rows % buffer_size !== 0
  return uneven ? [...unused, roundedUp([...path, 'part_rows'], part_rows, buffer_size)] : unused
}

function withoutEffect(path: ConfigPath, suggestion: string): Problem {
  return {
    level: 'warning',
    code: 'accepted-without-effect',
    path,
    message: `'${path.at(-1)}' is accepted but changes nothing here`,
    suggestion,
  }
}

function roundedUp(path: ConfigPath, rows: number, buffer: number): Problem {
  return {
    level: 'warning',
    code: 'rounded-up',
    path,
    message: `'part_rows' is not a multiple of 'buffer_size' and is rounded up`,
    expected: `a multiple of ${buffer}`,
    received: String(rows),
    suggestion: `Parts get ${Math.ceil(rows / buffer) * buffer} rows.`,
  }
}
