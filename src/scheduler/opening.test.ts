import { describe, expect, test } from 'vitest'
import { type OpeningState, reasonToOpen, type RouteState } from './opening.ts'

const budget = { maxRows: 1_000, maxBytes: 1_000_000, maxWriting: 2, lineFactor: 4 }
const idle: RouteState = { isIdle: true, waiting: 0, limit: 8 }
const full: RouteState = { isIdle: false, waiting: 0, limit: 8 }
const queued: RouteState = { isIdle: false, waiting: 1, limit: 8 }

function reason(state: Partial<OpeningState>, nextRows = 100): string | null {
  const firstRoutes = state.firstRoutes ?? [idle]
  const defaults = {
    openGroups: 1,
    rowsHeld: 100,
    bytesHeld: 0,
    writing: 0,
    routes: firstRoutes,
    frameStarted: false,
  }
  return reasonToOpen({ ...defaults, ...state, firstRoutes }, budget, nextRows)
}

test('(a) none is open: whatever its size, when nothing is being written', () => {
  expect(reason({ openGroups: 0, rowsHeld: 0, firstRoutes: [full] }, 5_000)).toBe('none-open')
  expect(reason({ openGroups: 0, rowsHeld: 0, firstRoutes: [] }, 5_000)).toBe('none-open')
})

test('(a) with a part being written the commit comes first, if the budget says so', () => {
  expect(reason({ openGroups: 0, rowsHeld: 800, writing: 1 })).toBe('none-open')
  expect(reason({ openGroups: 0, rowsHeld: 950, writing: 1 })).toBeNull()
})

describe('(b) a route its first journaled cells use could send and has no one waiting', () => {
  test.each([
    ['one is idle', [full, idle], 'idle-route'],
    ['all are full', [full, full], null],
    ['somebody waits already', [queued], null],
  ])('%s', (_, firstRoutes, expected) => {
    expect(reason({ firstRoutes })).toBe(expected)
  })

  test('a route used further down only does not count', () => {
    expect(reason({ firstRoutes: [full], routes: [full, idle] })).toBeNull()
  })
})

test('(c) without such cells: while the writer keeps up', () => {
  expect(reason({ firstRoutes: [], writing: 1 })).toBe('writer-free')
  expect(reason({ firstRoutes: [], writing: 2 })).toBeNull()
})

describe('budgets', () => {
  test('rows, of open groups and of parts being written', () => {
    expect(reason({ rowsHeld: 900 })).toBe('idle-route')
    expect(reason({ rowsHeld: 901 })).toBeNull()
  })

  test('bytes', () => {
    expect(reason({ bytesHeld: 1_000_000 })).toBe('idle-route')
    expect(reason({ bytesHeld: 1_000_001 })).toBeNull()
  })

  test('no line, on the way or not, is longer than a few times its limit', () => {
    const line = (waiting: number): RouteState => ({ isIdle: false, waiting, limit: 8 })
    expect(reason({ routes: [idle, line(32)] })).toBe('idle-route')
    expect(reason({ routes: [idle, line(33)] })).toBeNull()
  })

  test('a started frame is admitted whole, beyond every budget', () => {
    const state = { rowsHeld: 5_000, bytesHeld: 9e9, firstRoutes: [full], frameStarted: true }
    expect(reason(state)).toBe('frame-started')
  })
})
