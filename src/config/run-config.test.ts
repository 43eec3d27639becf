import { describe, expect, test } from 'vitest'
import { formatProblems } from './format-problems.ts'
import { defaultRunConfig, loadRunConfig, type RunConfig } from './run-config.ts'

function load(text: string): ReturnType<typeof loadRunConfig> {
  return loadRunConfig(text, { file: 'run.yaml' })
}

test('nothing written: all defaults, no notes', () => {
  expect(load('')).toEqual({ config: defaultRunConfig, problems: [] })
  expect(defaultRunConfig).toEqual({
    disable_early_shutdown: false,
    shutdown_error_rate: 0.5,
    shutdown_error_window: 10,
    buffer_size: 1000,
    cache: false,
    max_concurrent_row_groups: 3,
    max_in_flight_tasks: 1024,
    non_inference_max_parallel_workers: 4,
    max_conversation_restarts: 5,
    max_conversation_correction_steps: 1,
    async_trace: false,
    write_scheduler_events: false,
    display_tui: false,
    progress_interval: 5,
    otel_metrics_port: 9464,
    preserve_dropped_columns: true,
    jinja_rendering_engine: 'secure',
    request_admission: {
      multiplicative_decrease_factor: 0.75,
      additive_increase_step: null,
      successes_until_increase: null,
      cooldown_seconds: null,
      startup_ramp_seconds: null,
      slowdown_trials: false,
    },
    part_rows: 5000,
    batch_requests: 50_000,
    batch_wait: 900,
    batch_poll: 60,
    max_cost: null,
    max_outage: 300,
    prefix_order: true,
    max_open_rows: 65_536,
    max_open_bytes: 268_435_456,
    max_attempts: 8,
    local_timeout: 3600,
  })
})

test.each<[string, Partial<RunConfig>]>([
  ['buffer_size: "250"', { buffer_size: 250, part_rows: 4250 }],
  ['buffer_size: 10000', { part_rows: 10_000 }],
  ['{buffer_size: 100, part_rows: 1000}', { part_rows: 1000 }],
  ['disable_early_shutdown: on', { disable_early_shutdown: true, shutdown_error_rate: 1 }],
  ['shutdown_error_rate: 0', { shutdown_error_rate: 0 }],
  ['otel_metrics_port: null', { otel_metrics_port: null }],
  ['request_admission: null', { request_admission: defaultRunConfig.request_admission }],
  [
    'request_admission: {cooldown_seconds: 4}',
    { request_admission: { ...defaultRunConfig.request_admission, cooldown_seconds: 4 } },
  ],
  [
    '{async_trace: no, write_scheduler_events: no, preserve_dropped_columns: yes, jinja_rendering_engine: secure}',
    {},
  ],
  ['max_attempts: 1', { max_attempts: 1 }],
])('%s', (text, expected) => {
  const { config, problems } = load(text)
  expect(problems).toEqual([])
  expect(config).toMatchObject(expected)
})

test.each([
  ['shutdown_error_rate: 1.1', 'out-of-range'],
  ['shutdown_error_window: 0', 'out-of-range'],
  ['buffer_size: 0', 'out-of-range'],
  ['buffer_size: null', 'wrong-type'],
  ['progress_interval: 0', 'out-of-range'],
  ['progress_interval: .inf', 'out-of-range'],
  ['otel_metrics_port: 65536', 'out-of-range'],
  ['jinja_rendering_engine: fast', 'wrong-word'],
  ['buffersize: 1', 'unknown-key'],
  ['max_conversation_restarts: -1', 'out-of-range'],
  ['request_admission: {multiplicative_decrease_factor: 1}', 'out-of-range'],
  ['request_admission: {cooldown_seconds: 0}', 'out-of-range'],
  ['request_admission: {factor: 1}', 'unknown-key'],
  ['throttle: {reduce_factor: 0}', 'out-of-range'],
  ['throttle: {cooldown: 1}', 'unknown-key'],
  ['{throttle: {}, request_admission: {}}', 'conflicting-fields'],
  ['- a', 'wrong-type'],
  ['a: [', 'syntax'],
])('%s is refused', (text, code) => {
  const { config, problems } = load(text)
  expect(config).toBeNull()
  expect(problems.map((problem) => problem.code)).toEqual([code])
})

describe('old names', () => {
  test('are read, with a warning', () => {
    const { config, problems } = load(
      'progress_bar: true\nthrottle: {reduce_factor: 0.6, additive_increase: 2, success_window: 20, cooldown_seconds: 3, ceiling_overshoot: 0.2, rampup_seconds: 5}',
    )
    expect(config).toMatchObject({
      display_tui: true,
      request_admission: {
        multiplicative_decrease_factor: 0.6,
        additive_increase_step: 2,
        successes_until_increase: 20,
        cooldown_seconds: 3,
        startup_ramp_seconds: 5,
        slowdown_trials: false,
      },
    })
    expect(formatProblems(problems)).toMatchInlineSnapshot(`
      "run.yaml:1:1  progress_bar
        warning: 'progress_bar' is the old name of 'display_tui'
          Write 'display_tui' instead.

      run.yaml:2:1  throttle
        warning: 'throttle' is the old name of 'request_admission'
          Write 'request_admission' instead.

      run.yaml:2:95  throttle.ceiling_overshoot
        warning: 'ceiling_overshoot' is accepted but changes nothing here
          The limit never grows above max_parallel_requests.

      3 warnings"
    `)
  })
  test('the new name of the progress panel wins', () => {
    expect(load('{progress_bar: true, display_tui: false}').config?.display_tui).toBe(false)
  })
  test('throttle: null is as if it were not there', () => {
    expect(load('{throttle: null, request_admission: {cooldown_seconds: 9}}').config).toMatchObject(
      {
        request_admission: { cooldown_seconds: 9 },
      },
    )
  })
})

test('what changes nothing here is said, only when it was written', () => {
  const { problems } = load(
    'max_concurrent_row_groups: 2\nmax_in_flight_tasks: 5\nasync_trace: true\nwrite_scheduler_events: 1\notel_metrics_port: 9464\npreserve_dropped_columns: false\njinja_rendering_engine: native\npart_rows: 1500\ndisplay_tui: false',
  )
  expect(problems.map(({ level }) => level)).toEqual(Array(9).fill('warning'))
  expect(formatProblems(problems)).toMatchInlineSnapshot(`
    "run.yaml:1:1  max_concurrent_row_groups
      warning: 'max_concurrent_row_groups' is accepted but changes nothing here
        Row groups are opened when they would put an idle endpoint to work; bound them with max_open_rows.

    run.yaml:2:1  max_in_flight_tasks
      warning: 'max_in_flight_tasks' is accepted but changes nothing here
        Requests are bounded by max_parallel_requests of models and providers, rows by max_open_rows.

    run.yaml:3:1  async_trace
      warning: 'async_trace' is accepted but changes nothing here
        The ledger in the run folder records every cell with its attempts, cost and error.

    run.yaml:4:1  write_scheduler_events
      warning: 'write_scheduler_events' is accepted but changes nothing here
        The ledger in the run folder records what happened to every cell.

    run.yaml:5:1  otel_metrics_port
      warning: 'otel_metrics_port' is accepted but changes nothing here
        No metrics port is opened; the progress panel and the report show the numbers.

    run.yaml:6:1  preserve_dropped_columns
      warning: 'preserve_dropped_columns' is accepted but changes nothing here
        The part files in the run folder always keep dropped columns.

    run.yaml:7:1  jinja_rendering_engine
      warning: 'jinja_rendering_engine' is accepted but changes nothing here
        Templates always run in the sandbox, with the same filters.

    run.yaml:8:12  part_rows
      warning: 'part_rows' is not a multiple of 'buffer_size' and is rounded up
        expected  a multiple of 1000
        got       1500
        Parts get 2000 rows.

    run.yaml:9:1  display_tui
      warning: 'display_tui' is accepted but changes nothing here
        The panel is shown whenever progress goes to a terminal.

    9 warnings"
  `)
})
