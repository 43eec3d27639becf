import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { start, type RunOptions } from '../src/run/run.ts'
import { scriptedProvider } from '../src/testing/scripted.ts'
import { isRowsmithError } from '../src/util/errors.ts'
import type { Figure } from './harness.ts'

// Opening a large run for an edit: what `create` does before the first request, and what it says without
// the flag. Two columns are of a model that answers at once, and one costs nothing.

const rows = 1_000_000

export async function run(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  const out = join(folder, 'run')
  try {
    const made = performance.now()
    const first = await session(out, 'one', {})
    const madeSeconds = (performance.now() - made) / 1_000
    if (first.requests < rows) throw new Error(`only ${first.requests} requests`)
    const refused = performance.now()
    const refusal = await session(out, 'other', {}).catch((error: unknown) => error)
    if (!isRowsmithError(refusal)) throw new Error('the changed config was not refused')
    const refusedSeconds = (performance.now() - refused) / 1_000
    const edited = await session(out, 'other', { edit: true }, 1)
    return [
      {
        name: `${rows.toLocaleString('en-US')} rows: an edit of one column, to the first request`,
        value: edited.firstRequest,
        unit: 's',
        limit: 2,
        note: `in the process; making the run took ${Math.round(madeSeconds)} s`,
      },
      {
        name: 'the same without the flag: to the refusal',
        value: refusedSeconds,
        unit: 's',
        limit: 2,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a config; with `most` it is aborted after so many requests. */
async function session(
  out: string,
  prompt: string,
  options: Partial<RunOptions>,
  most = Number.POSITIVE_INFINITY,
): Promise<{ firstRequest: number; requests: number }> {
  const began = performance.now()
  const controller = new AbortController()
  let requests = 0
  let firstRequest = Number.NaN
  const provider = scriptedProvider(() => {
    requests += 1
    if (requests === 1) firstRequest = (performance.now() - began) / 1_000
    if (requests === most) controller.abort(new Error('enough'))
    return 'An answer.'
  })
  await using working = await start({
    config: {
      config: {
        model_providers: [{ name: 'here', provider_type: 'scripted' }],
        model_configs: [
          {
            alias: 'writer',
            provider: 'here',
            model: 'fox',
            inference_parameters: { max_parallel_requests: 256 },
          },
        ],
        columns: [
          {
            name: 'number',
            column_type: 'sampler',
            sampler_type: 'uniform',
            params: { low: 0, high: 1_000_000 },
            convert_to: 'int',
          },
          {
            name: 'title',
            column_type: 'llm-text',
            model_alias: 'writer',
            prompt: 'Say {{ number }}',
          },
          {
            name: 'story',
            column_type: 'llm-text',
            model_alias: 'writer',
            prompt: `${prompt} {{ number }}`,
          },
        ],
      },
    },
    plugins: [{ name: 'here', providers: [provider] }],
    out,
    rows,
    seed: 1n,
    signal: controller.signal,
    ...options,
  })
  await working.finished
  return { firstRequest, requests }
}
