import type { Group } from '../plan/group.ts'
import type { GroupSource } from '../plan/group-source.ts'
import type { ByteTally } from '../rows/block.ts'
import type { SchedulerEvent } from './scheduler-event.ts'
import type { Frames } from './frames.ts'
import type { KnownRows } from '../rows/known-rows.ts'
import { type GroupListener, OpenGroup } from './open-group.ts'
import { type OpeningBudget, type OpeningState, reasonToOpen, type RouteState } from './opening.ts'
import type { PartTracker } from './parts.ts'
import type { RowStarts } from './row-starts.ts'
import type { WorkGraph } from './work-graph.ts'

/** Which cells of a group's rows the ledger holds; null when it holds none. */
export type FindKnown = (group: Group) => Promise<KnownRows | null> | KnownRows | null

export interface OpenGroupsOptions {
  work: WorkGraph
  /** Bytes of cells held by groups, and by parts while they are made. */
  tally: ByteTally
  budget: OpeningBudget
  /** Groups of the rows that remain, in order. */
  source: GroupSource
  /** Which cells of a group's rows are known; answers at once where nothing has to be read. */
  known: FindKnown
  firstRoutes: readonly RouteState[]
  routes: readonly RouteState[]
  parts: PartTracker
  frames: Frames
  starts: RowStarts
  listener: GroupListener
  /** Opens everything at once: nothing will be sent for it. */
  settleOnly: boolean
  emit: (event: SchedulerEvent) => void
  /** A group was closed, or its inputs have arrived. */
  changed: () => void
  fatal: (error: unknown) => void
}

/** The groups being worked on: when the next is opened, and when one is done with. */
export interface OpenGroups {
  /** Opens the next group if it is time; answers whether it did. */
  openNext(): boolean
  /** Inputs of a group are being read. */
  readonly loading: boolean
  /** No group is open and none is to come. */
  readonly nothingLeft: boolean
  /** None is left to open now, and more may come. */
  readonly waitingForMore: boolean
  readonly size: number
  readonly rows: number
  closeIfDone(group: OpenGroup): void
  /** Nothing more is made of open rows from here on; they stay without an outcome. */
  leaveFrom(row: number, leaving: (group: OpenGroup, offset: number) => void): void
  /** Releases everything; the groups stay as they are. */
  end(): void
}

export function createOpenGroups(options: OpenGroupsOptions): OpenGroups {
  const { work, tally, source, parts, frames, starts, budget } = options
  const groups = new Set<OpenGroup>()
  /** A group of which it is being read what is known. */
  let arriving: { group: Group; known: KnownRows | null; there: boolean } | null = null
  let opened = 0
  let rows = 0
  /** The frame that was started last, until all of its groups are open. */
  let currentFrame = -1
  let ended = false

  const state: OpeningState = {
    get openGroups() {
      return groups.size
    },
    get rowsHeld() {
      return rows + parts.writingRows
    },
    get bytesHeld() {
      return tally.bytes
    },
    get writing() {
      return parts.writing
    },
    firstRoutes: options.firstRoutes,
    routes: options.routes,
    get frameStarted() {
      return work.wholeFrames && source.peek()?.frame === currentFrame
    },
  }

  function openNext(): boolean {
    if (arriving !== null) return enterArrived()
    // Rows of the groups that are open begin first.
    if (starts.waiting) return false
    if (admitWholeFrame()) return true
    const group = source.peek()
    if (group === null) return false
    const reason = reasonToOpen(state, budget, group.size)
    if (reason === null && !options.settleOnly) return false
    source.take()
    const event = { part: group.part, rows: group.size, reason: reason ?? 'settle' }
    options.emit({ type: 'row-group-opened', ...event })
    const known = options.known(group)
    if (known instanceof Promise) wait(group, known)
    else enter(group, known)
    return true
  }

  function wait(group: Group, reading: Promise<KnownRows | null>): void {
    arriving = { group, known: null, there: false }
    reading.then((known) => arrive(group, known), options.fatal)
  }

  function arrive(group: Group, known: KnownRows | null): void {
    if (ended) return
    arriving = { group, known, there: true }
    options.changed()
  }

  function enterArrived(): boolean {
    if (arriving === null || !arriving.there) return false
    const { group, known } = arriving
    arriving = null
    enter(group, known)
    return true
  }

  function enter(group: Group, known: KnownRows | null): void {
    const open = new OpenGroup(work, group, opened, options.listener, tally)
    opened += 1
    rows += group.size
    groups.add(open)
    if (work.wholeFrames) frames.join(open)
    starts.add(open, known)
    if (!work.wholeFrames) return
    currentFrame = group.frame
    admitWholeFrame()
  }

  /**
   * A source that still grows may yet give rows of the frame; answers whether it became known that
   * none can come.
   */
  function admitWholeFrame(): boolean {
    if (currentFrame < 0 || arriving !== null) return false
    if (source.moreOf(currentFrame)) return false
    const whole = currentFrame
    currentFrame = -1
    frames.admitted(whole)
    return true
  }

  source.onMore(options.changed)

  return {
    openNext,
    get loading() {
      return arriving !== null && !arriving.there
    },
    get nothingLeft() {
      return groups.size === 0 && arriving === null && source.exhausted
    },
    get waitingForMore() {
      return arriving === null && source.peek() === null && !source.exhausted
    },
    get size() {
      return groups.size
    },
    get rows() {
      return rows
    },
    closeIfDone(group) {
      if (!group.closed) return
      if (!groups.delete(group)) return
      const { part, size } = group.group
      options.emit({ type: 'row-group-closed', part, rows: size })
      rows -= size
      tally.bytes -= group.block.bytes
      options.changed()
    },
    leaveFrom(row, leaving) {
      for (const group of groups) {
        if (group.group.end <= row) continue
        for (let offset = 0; offset < group.group.size; offset += 1) {
          if (!group.isOpen(offset) || group.block.rowAt(offset) < row) continue
          leaving(group, offset)
          group.leave(offset)
        }
      }
    },
    end() {
      ended = true
      arriving = null
      groups.clear()
    },
  }
}
