import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Command, pureConfig, startCommand } from './load/command.ts'
import type { Figure } from './harness.ts'

// 10^9 rows in groups of one row: nothing may depend on how many rows are planned.

const rows = 1_000_000_000
/** V8 grows its heap to its working size in this time. */
const warmupSeconds = 10
const watchedSeconds = 20

export async function run(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-bench-'))
  try {
    const out = join(folder, 'run')
    const runConfig = join(folder, 'run-config.yaml')
    writeFileSync(runConfig, 'buffer_size: 1\n')
    const planned = ['create', pureConfig, '-n', String(rows), '--seed', '1']
    const parameters = [...planned, '--out', out, '--run-config', runConfig]
    await using first = startCommand(parameters)
    const firstPart = await partsReach(first, out, 1)
    await wait(warmupSeconds * 1_000)
    const warm = await memoryOver(first, 3)
    const later = await memoryOver(first, watchedSeconds)
    const stopped = await stop(first)
    const made = partsOf(out)

    await using second = startCommand(parameters)
    const resumed = await second.printed('Going on in')
    const nextPart = await partsReach(second, out, made + 1)
    await stop(second)
    return [
      { name: 'first rows on disk, 10^9 planned', value: firstPart, unit: 's', limit: 5 },
      {
        name: `memory after ${warmupSeconds + watchedSeconds} s: more than after ${warmupSeconds} s`,
        value: (later - warm) / 2 ** 20,
        unit: 'MB',
        limit: 60,
        note: `${Math.round(later / 2 ** 20)} MB, ${made} parts`,
      },
      { name: 'Ctrl-C to the end of the process', value: stopped, unit: 's', limit: 5 },
      {
        name: 'resume: start of the process to work',
        value: resumed,
        unit: 's',
        limit: 1,
        note: `run from source; the next part is on disk after ${nextPart.toFixed(1)} s`,
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Seconds since a command's start until so many part files are there. */
async function partsReach(command: Command, out: string, count: number): Promise<number> {
  while (partsOf(out) < count) {
    if (!command.running)
      throw new Error(`the command ended early: ${(await command.ended).output}`)
    await wait(20)
  }
  return (performance.now() - command.started) / 1_000
}

function partsOf(out: string): number {
  try {
    return readdirSync(join(out, 'parts')).length
  } catch (error) {
    // The folder comes with the first part.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}

async function memoryOver(command: Command, seconds: number): Promise<number> {
  let most = 0
  for (let second = 0; second < seconds; second += 1) {
    most = Math.max(most, command.residentBytes())
    await wait(1_000)
  }
  return most
}

async function stop(command: Command): Promise<number> {
  const asked = performance.now()
  command.interrupt()
  const { code, output } = await command.ended
  if (code !== 130) throw new Error(`expected exit code 130, got ${code}: ${output}`)
  return (performance.now() - asked) / 1_000
}
