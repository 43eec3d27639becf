import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, type RunOptions } from '../src/index.ts'
import { openResponseCache } from '../src/store/response-cache.ts'
import { scriptedProvider } from '../src/testing/index.ts'
import type { Figure } from './harness.ts'

// What an answer from the cache costs: by itself, as a cell of a run, and on disk.

const entries = 50_000
const answer = 'A fox with a lantern walked home through the snow. '.repeat(10).slice(0, 500)
const rows = 10_000

export async function run(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-cache-'))
  try {
    const alone = await lookups(join(folder, 'alone'))
    const cells = await runs(folder)
    return [
      {
        name: `hits, ${entries.toLocaleString('en-US')} answers of 500 characters, 128 at once`,
        value: alone.hitsPerSecond,
        unit: '1/s',
        atLeast: 20_000,
      },
      { name: 'the same: kept and written', value: alone.keptPerSecond, unit: '1/s' },
      {
        name: 'the same: an entry on disk',
        value: alone.bytesPerEntry,
        unit: 'bytes',
        note: 'with its key, the reply as JSON and the index',
      },
      {
        name: `a run of ${rows.toLocaleString('en-US')} cells that are all there`,
        value: cells.hitsPerSecond,
        unit: 'cells/s',
        note: 'from start to dataset',
      },
      { name: 'the same: requests', value: cells.requests, unit: '', limit: 0 },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function keyOf(number: number): string {
  return createHash('sha256').update(String(number)).digest('hex')
}

async function lookups(
  folder: string,
): Promise<{ hitsPerSecond: number; keptPerSecond: number; bytesPerEntry: number }> {
  await using cache = await openResponseCache(folder)
  const usage = { inputTokens: 30, cachedInputTokens: 0, outputTokens: 120, reasoningTokens: 0 }
  const content = [{ type: 'text', text: answer }]
  const reply = JSON.stringify({ content, usage, finishReason: 'stop', model: 'a-model' })
  const keys = Array.from({ length: entries }, (_, number) => keyOf(number))
  const written = performance.now()
  for (const key of keys) cache.keep({ key, reply })
  await cache.flush()
  const keptPerSecond = perSecond(entries, written)
  const { bytes } = await cache.count()
  const found = performance.now()
  for (let from = 0; from < entries; from += 128) {
    const texts = await Promise.all(keys.slice(from, from + 128).map((key) => cache.find(key)))
    if (texts.includes(null)) throw new Error('an answer that was kept is not there')
  }
  return {
    hitsPerSecond: perSecond(entries, found),
    keptPerSecond,
    bytesPerEntry: bytes / entries,
  }
}

async function runs(folder: string): Promise<{ hitsPerSecond: number; requests: number }> {
  const options = (name: string): RunOptions => ({
    config: {
      config: {
        model_providers: [{ name: 'p', provider_type: 'scripted', endpoint: 'http://e.invalid' }],
        model_configs: [
          {
            alias: 'm',
            provider: 'p',
            model: 'x',
            skip_health_check: true,
            inference_parameters: { max_parallel_requests: 64 },
          },
        ],
        columns: [{ name: 'text', column_type: 'llm-text', model_alias: 'm', prompt: 'Write.' }],
      },
    },
    rows,
    seed: 1n,
    out: join(folder, name),
    cache: join(folder, 'cache'),
    plugins: [{ name: 'scripted', providers: [scriptedProvider(() => answer)] }],
  })
  await create(options('first'))
  const started = performance.now()
  const { requests } = await create(options('second'))
  return { hitsPerSecond: perSecond(rows, started), requests }
}

function perSecond(count: number, started: number): number {
  return count / ((performance.now() - started) / 1000)
}
