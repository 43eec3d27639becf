import type { Group } from '../plan/group.ts'
import type { GroupSource } from '../plan/group-source.ts'
import type { ByteTally } from './block.ts'
import type { SchedulerEvent } from './events.ts'
import type { Frames } from './frames.ts'
import { fillKnown, type KnownCells } from './known-cells.ts'
import { type GroupListener, OpenGroup } from './open-group.ts'
import { type OpeningBudget, type OpeningState, reasonToOpen, type RouteState } from './opening.ts'
import type { PartTracker } from './parts.ts'
import type { RowWork } from './row-work.ts'
import type { WorkGraph } from './work-graph.ts'

/** What a group starts from. */
export interface GroupInputs {
  /** What the ledger holds of its rows. */
  known: KnownCells | null
  /** Called once the group is closed. */
  release: () => void
}

export interface OpenGroupsOptions {
  work: WorkGraph
  /** Bytes of cells held by groups, and by parts while they are made. */
  tally: ByteTally
  budget: OpeningBudget
  /** Groups of the rows that remain, in order. */
  source: GroupSource
  /** Gets at hand what a group needs; answers at once where nothing has to be read. */
  load: (group: Group) => Promise<GroupInputs> | GroupInputs
  firstRoutes: readonly RouteState[]
  routes: readonly RouteState[]
  parts: PartTracker
  frames: Frames
  rowWork: RowWork
  listener: GroupListener
  /** Opens everything at once: nothing will be sent for it. */
  settleOnly: boolean
  /** Cells of a column were in the ledger. */
  cellsKnown: (local: number, cells: number) => void
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
  /** Lets go of everything; the groups stay as they are. */
  end(): void
}

export function createOpenGroups(options: OpenGroupsOptions): OpenGroups {
  const { work, tally, source, parts, frames, rowWork, budget } = options
  const groups = new Map<OpenGroup, GroupInputs>()
  let arriving: { group: Group; inputs: GroupInputs | null } | null = null
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
    const group = source.peek()
    if (group === null) return admitWholeFrame()
    const reason = reasonToOpen(state, budget, group.size)
    if (reason === null && !options.settleOnly) return false
    source.take()
    const event = { part: group.part, rows: group.size, reason: reason ?? 'settle' }
    options.emit({ type: 'row-group-opened', ...event })
    const inputs = options.load(group)
    if (inputs instanceof Promise) wait(group, inputs)
    else enter(group, inputs)
    return true
  }

  function wait(group: Group, loading: Promise<GroupInputs>): void {
    arriving = { group, inputs: null }
    loading.then((inputs) => arrive(group, inputs), options.fatal)
  }

  function arrive(group: Group, inputs: GroupInputs): void {
    if (ended) return inputs.release()
    arriving = { group, inputs }
    options.changed()
  }

  function enterArrived(): boolean {
    if (arriving === null || arriving.inputs === null) return false
    const { group, inputs } = arriving
    arriving = null
    enter(group, inputs)
    return true
  }

  function enter(group: Group, inputs: GroupInputs): void {
    const open = new OpenGroup(work, group, opened, options.listener, tally)
    opened += 1
    rows += group.size
    groups.set(open, inputs)
    if (work.wholeFrames) frames.join(open)
    if (inputs.known !== null) {
      open.exchanges = inputs.known.exchangesOfRow
      fillKnown(open, inputs.known, { work, frames, counted: options.cellsKnown })
    }
    rowWork.announce(open)
    if (!work.wholeFrames) return
    currentFrame = group.frame
    admitWholeFrame()
  }

  /** A source that still grows may yet give rows of the frame; answers whether none can come. */
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
      return arriving !== null && arriving.inputs === null
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
      const inputs = groups.get(group)
      if (inputs === undefined) return
      groups.delete(group)
      inputs.release()
      rows -= group.group.size
      tally.bytes -= group.block.bytes
      options.changed()
    },
    end() {
      ended = true
      arriving?.inputs?.release()
      for (const { release } of groups.values()) release()
      groups.clear()
    },
  }
}
