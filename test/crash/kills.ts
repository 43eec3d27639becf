import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { RunEvent, RunResult } from '../../src/index.ts'
import type { Session } from './child.ts'
import type { Meter } from './model.ts'
import { startSession } from './process.ts'
import { type CellName, type Durable, readDurable } from './run-folder.ts'

/** When a process is killed: by its parent at a request, or by itself at an event. */
export type Kill = { request: number } | { event: RunEvent['type'] }

/** What one kill cost. */
export interface Loss {
  kill: Kill
  /** Requests the server had counted so far. */
  requests: number
  /** Requests without an answer. */
  inFlight: number
  /** Answers the server gave that the run folder does not hold. */
  uncommitted: number
  /** Calls of the paid column that the run folder does not hold. */
  receipts: number
}

/** A run that is made over several sessions, in addition to the server that counts its requests. */
export interface Scene {
  session: Session
  meter: Meter
}

/** Runs a session until it is killed; fails when it asks for what the folder held before. */
export async function killedSession({ session, meter }: Scene, kill: Kill): Promise<Loss> {
  const before = stateOf(session)
  meter.startSession()
  const running = startSession('event' in kill ? { ...session, dieAt: kill.event } : session)
  if ('request' in kill) meter.onRequest(kill.request, () => running.process.kill('SIGKILL'))
  const ended = await running.ended
  expect(ended, `the session to be killed at ${textOf(kill)}`).toEqual({
    by: 'SIGKILL',
    stdout: '',
    stderr: '',
  })
  await meter.settled()
  const { durable, receipts } = stateOf(session)
  expectNothingPaidAgain(before, session, meter)
  const paidCells = receipts.slice(before.receipts.length)
  return {
    kill,
    requests: meter.server.counts.requests,
    inFlight: meter.asked.length - meter.answered,
    uncommitted: meter.answered - meter.asked.filter((cell) => holds(durable, cell)).length,
    receipts: paidCells.filter((cell) => !holds(durable, cell)).length,
  }
}

/** Runs a session to its own end. */
export async function wholeSession({ session, meter }: Scene): Promise<RunResult> {
  const before = stateOf(session)
  meter.startSession()
  const ended = await startSession(session).ended
  expect(ended, 'the session to end by itself').toEqual({
    by: 0,
    stdout: expect.any(String),
    stderr: '',
  })
  expectNothingPaidAgain(before, session, meter)
  return JSON.parse(ended.stdout)
}

interface State {
  durable: Durable | null
  /** Cells the paid column was called for, in order. */
  receipts: CellName[]
}

function stateOf({ out, receipts }: Session): State {
  const lines = existsSync(receipts) ? readFileSync(receipts, 'utf8').split('\n').slice(0, -1) : []
  return {
    durable: existsSync(join(out, 'ledger.sqlite')) ? readDurable(out) : null,
    receipts: lines.map((line) => `note ${Number(line)}` as const),
  }
}

function holds(durable: Durable | null, cell: CellName): boolean {
  return durable !== null && (durable.cells.has(cell) || durable.failures.has(cell))
}

function expectNothingPaidAgain(before: State, session: Session, meter: Meter): void {
  const paid = [...meter.asked, ...stateOf(session).receipts.slice(before.receipts.length)]
  const retried = session.retryDropped === true ? before.durable?.failures : undefined
  const again = paid.filter((cell) => holds(before.durable, cell) && !retried?.has(cell))
  expect(again, 'cells the run folder held before and that were paid again').toEqual([])
  expect(paid.length, 'cells paid in one session, each once').toBe(new Set(paid).size)
}

/** Sum of what was paid in vain, by what the bound allows. */
export function sumOf(losses: readonly Loss[]): { requests: number; receipts: number } {
  return {
    requests: losses.reduce((sum, { inFlight, uncommitted }) => sum + inFlight + uncommitted, 0),
    receipts: losses.reduce((sum, { receipts }) => sum + receipts, 0),
  }
}

export function textOfLosses(losses: readonly Loss[]): string {
  return losses
    .map(
      ({ kill, requests, inFlight, uncommitted, receipts }) =>
        `${textOf(kill)}: ${requests} requests, ${inFlight} in flight, ${uncommitted} answered but not committed, ${receipts} paid cells not committed`,
    )
    .join('; ')
}

function textOf(kill: Kill): string {
  return 'event' in kill ? kill.event : `request ${kill.request}`
}
