import { expect, test } from 'vitest'
import type { Journal } from '../../src/rows/journal.ts'
import { createJournal } from '../../src/store/batching-journal.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts'
import { createEngine } from '../support/engine.ts'

const textBytes = 20_000
const rows = 600
const slots = 64
const diskBytesPerSecond = 1_000_000
const maxPendingBytes = 2_000_000

/** The ledger's journal over a disk that takes so many bytes a second, one batch after another. */
function throttledJournal(clock: VirtualClock) {
  let freeAt = 0
  const state = { durable: 0, mostPending: 0, busyMs: 0 }
  const { journal } = createJournal({
    clock,
    settings: {
      columns: [{ name: 'a', type: 'string', fingerprint: 'f', material: '', drop: false }],
    },
    commit({ cells }) {
      const bytes = cells.reduce((sum, { value }) => sum + String(value).length, 0)
      const took = (bytes / diskBytesPerSecond) * 1_000
      freeAt = Math.max(freeAt, clock.now()) + took
      state.busyMs += took
      return new Promise((resolve) => clock.after(freeAt - clock.now(), () => resolve()))
    },
    onCommitted: (records) => (state.durable += records),
  })
  const watched: Journal = {
    cell(cell) {
      journal.cell(cell)
      state.mostPending = Math.max(state.mostPending, journal.pendingBytes)
    },
    exchange: (exchange, durable) => journal.exchange(exchange, durable),
    forget: (row, column, fromTurn) => journal.forget(row, column, fromTurn),
    failure: (failure) => journal.failure(failure),
    // Counted with the cells of its batch.
    request: () => undefined,
    get pendingBytes() {
      return journal.pendingBytes
    },
    onDurable: (callback) => journal.onDurable(callback),
  }
  return { journal: watched, state }
}

test('answers wait for a slow disk within the budget, and the disk never waits for them', async () => {
  const clock = createVirtualClock()
  const { journal, state } = throttledJournal(clock)
  const engine = createEngine({
    clock,
    columns: [{ name: 'a', route: 'm', value: () => 'x'.repeat(textBytes) }],
    rows,
    groupRows: 50,
    slots: { m: slots },
    options: { journal, maxPendingBytes },
  })
  expect(await engine.run()).toEqual({ kind: 'complete' })
  expect(state.durable).toBe(rows)
  // What was in flight when the mark was passed comes back and is kept.
  const onTheWire = slots * (2 * textBytes + 100)
  expect(state.mostPending).toBeGreaterThan(maxPendingBytes)
  expect(state.mostPending).toBeLessThan(maxPendingBytes + onTheWire)
  // Half of the budget is there when sending continues: the disk has work until the end.
  const share = state.busyMs / clock.now()
  expect(share, `busy ${state.busyMs} of ${clock.now()} ms`).toBeGreaterThan(0.98)
})
