import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BigRows } from './session.ts'

export type BigRun = Omit<BigRows, 'out' | 'receipts' | 'dieAfter' | 'seedFile'> & {
  /** Kills of the sessions before the last: each after so many requests of its own. */
  kills?: readonly number[]
  /** Megabytes of the old space of every thread. */
  heap?: number
}

export interface BigRunResult {
  accepted: number
  /** Requests over all sessions. */
  asked: number
  /** Of the last session. */
  peakKiB: number
  /** SHA-256 of the dataset's files. */
  hashes: string[]
}

/** Runs sessions in processes of their own until one ends by itself. */
export async function runBig({ kills = [], heap = 120, ...run }: BigRun): Promise<BigRunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-big-'))
  const session = { ...run, out: join(folder, 'run'), receipts: join(folder, 'receipts') }
  try {
    const seed = run.shape === 'seed' ? { seedFile: writeSeed(folder, run) } : {}
    for (const dieAfter of kills) {
      const ended = await start({ ...session, ...seed, dieAfter }, heap)
      if (ended.signal !== 'SIGKILL') throw new Error(`it was not killed: ${ended.stderr}`)
    }
    const { code, stdout, stderr } = await start({ ...session, ...seed }, heap)
    if (code !== 0) throw new Error(`the session ended with ${code}: ${stderr.slice(-2_000)}`)
    const { rows, peakKiB } = JSON.parse(stdout) as { rows: { accepted: number }; peakKiB: number }
    const data = join(folder, 'run', 'data')
    const hashes = readdirSync(data)
      .sort()
      .map((name) =>
        createHash('sha256')
          .update(readFileSync(join(data, name)))
          .digest('hex'),
      )
    return { accepted: rows.accepted, asked: statSync(session.receipts).size, peakKiB, hashes }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeSeed(folder: string, { rows, characters }: BigRun): string {
  const path = join(folder, 'seed.jsonl')
  writeFileSync(path, '')
  for (let row = 0; row < rows; row += 1) {
    const unit = `seed row ${row}, `
    const text = unit.repeat(Math.ceil(characters / unit.length))
    writeFileSync(path, `${JSON.stringify({ text })}\n`, { flag: 'a' })
  }
  return path
}

interface Ended {
  code: number | string | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

function start(session: BigRows, heap: number): Promise<Ended> {
  const program = fileURLToPath(new URL('session.ts', import.meta.url))
  const parameters = [`--max-old-space-size=${heap}`, program, JSON.stringify(session)]
  return new Promise((resolve) => {
    execFile(process.execPath, parameters, (error, stdout, stderr) => {
      const { code = null, signal = null } = error ?? { code: 0 }
      resolve({ code, signal, stdout, stderr })
    })
  })
}
