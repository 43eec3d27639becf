import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { open } from '../src/index.ts'
import type { Figure } from './harness.ts'
import { writeNearCopies } from './load/near-copies.ts'

// Near-copies among 100,000 texts: how many are found, whether memory stays, and the same after a
// kill in the middle of the pass.

const program = fileURLToPath(new URL('load/dedupe-run.ts', import.meta.url))
const most = 100_000
/** Room that V8 takes because it may, and that it would give back, is none of what is measured. */
const heapFlags = ['--max-semi-space-size=4', '--max-old-space-size=160']

interface Measure {
  seconds: number
  peakMb: number
}

export async function run(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  try {
    const texts = join(folder, 'texts.jsonl')
    await writeNearCopies(texts, most)
    const few = await measure(texts, most / 4, join(folder, 'few'))
    const many = await measure(texts, most, join(folder, 'many'))
    const { recall, precision, planted } = await compare(join(folder, 'many'))
    await killed(texts, join(folder, 'killed'))
    await measure(texts, most, join(folder, 'killed'))
    const isSame = digest(join(folder, 'killed')) === digest(join(folder, 'many'))
    return [
      { name: 'recall', value: recall, unit: '', atLeast: 0.95, note: `of ${planted} near-copies` },
      { name: 'precision', value: precision, unit: '', atLeast: 0.99 },
      { name: '100,000 texts, the whole run', value: many.seconds, unit: 's' },
      { name: '25,000 texts, the whole run', value: few.seconds, unit: 's' },
      { name: 'peak memory of 100,000', value: many.peakMb, unit: 'MB' },
      {
        name: 'peak memory of 100,000 over that of 25,000',
        value: many.peakMb - few.peakMb,
        unit: 'MB',
        limit: 60,
      },
      {
        name: 'the same dataset after a kill in the pass',
        value: isSame ? 1 : 0,
        unit: '',
        atLeast: 1,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(texts: string, rows: number, out: string): Promise<Measure> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...heapFlags,
    program,
    texts,
    String(rows),
    out,
  ])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measure
}

/** Kills a run while its pass is at work. */
async function killed(texts: string, out: string): Promise<void> {
  const child = spawn(process.execPath, [program, texts, String(most), out], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  while (child.exitCode === null && !isPassing(out)) await wait(20)
  await wait(1_000)
  child.kill('SIGKILL')
  await ended
}

function isPassing(out: string): boolean {
  try {
    return readdirSync(out).some((name) => name.endsWith('.joining'))
  } catch {
    // The folder is not there yet.
    return false
  }
}

async function compare(
  directory: string,
): Promise<{ recall: number; precision: number; planted: number }> {
  await using dataset = await open(directory)
  let planted = 0
  let marked = 0
  let right = 0
  for await (const { copy_of: of, duplicate_of: found } of dataset.records()) {
    if (of !== null) planted += 1
    if (found !== null) marked += 1
    if (of !== null && found === of) right += 1
  }
  return { recall: right / planted, precision: right / marked, planted }
}

function digest(directory: string): string {
  const hash = createHash('sha256')
  const folder = join(directory, 'data')
  for (const name of readdirSync(folder).toSorted()) hash.update(readFileSync(join(folder, name)))
  return hash.digest('hex')
}
