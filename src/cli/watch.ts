import { formatProblems } from '../config/format-problems.ts'
import type { Problem } from '../config/problem.ts'
import { isBatchEvent } from '../run/batch-event.ts'
import { noSessions } from '../run/earlier-sessions.ts'
import { editLines } from '../run/edit-text.ts'
import type { ExportEvent, RunEvent } from '../run/run-event.ts'
import type { Run } from '../run/working-run.ts'
import { batchText } from './batch-lines.ts'
import { exitCodes } from './exit-codes.ts'
import { createPhase } from './phase.ts'
import { createProgress, LONGEST_SILENCE_MS, type ProgressView } from './progress.ts'
import { createTally } from './tally.ts'
import type { Screen } from './terminal.ts'
import { shortPath } from './report-run.ts'
import { phaseLines } from './waiting-lines.ts'
import { withExcerpts } from './with-excerpts.ts'
import { counted, dollars, duration, grouped } from '../util/format.ts'
import { visible, visibleLine } from '../util/visible.ts'

/** Tells what a command waits for, whatever it does. */
export interface Waiting extends Disposable {
  readonly onEvent: (event: RunEvent | ExportEvent) => void
}

/** Follows a run for a person: warnings, progress, Ctrl-C. */
export interface Watch extends Waiting {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
  /** Shows progress of a run until it ends. */
  follow(run: Run): void
  /** What happened to rows of this session and stands nowhere else. */
  remarks(): string[]
}

const REPAINT_MS = 200
/** What is over sooner needs no word. */
const PATIENCE_MS = 400

export interface WaitingOptions {
  screen: Screen
  name: string
  /** What the command begins with. */
  begin: string
}

/** For commands without rows to make: what they do, once it takes long. */
export function createWaiting({ screen, name, begin }: WaitingOptions): Waiting {
  const shown = createPhaseView({ screen, name, begin })
  const timer = setInterval(() => shown.show(), REPAINT_MS)
  timer.unref()
  return {
    onEvent: shown.note,
    [Symbol.dispose]() {
      clearInterval(timer)
      screen.clear()
    },
  }
}

export interface WatchOptions extends WaitingOptions {
  /** Whether the run folder is reported: one that is missing at the end is not. */
  tellsFolder: boolean
}

export function createWatch({ screen, name, begin, tellsFolder }: WatchOptions): Watch {
  const controller = new AbortController()
  const phase = createPhaseView({ screen, name, begin })
  const tally = createTally()
  let run: Run | null = null
  let view: ProgressView | null = null
  let opened: Extract<RunEvent, { type: 'run-opened' }> | null = null
  let presses = 0

  function onInterrupt(): void {
    presses += 1
    if (presses === 1) {
      screen.print(
        run === null
          ? 'Stopping before anything is generated.'
          : 'Stopping: rowsmith sends nothing new and keeps the answers in flight. Ctrl-C again discards them.',
      )
      controller.abort(new Error('interrupted'))
    } else if (presses === 2 && run !== null) {
      screen.print('Discarding the requests in flight.')
      run.abort()
    } else {
      screen.clear()
      process.exit(exitCodes.interrupted)
    }
  }

  function onEvent(event: RunEvent | ExportEvent): void {
    phase.note(event)
    if (isBatchEvent(event)) {
      const text = batchText(event)
      if (text !== null) screen.print(text)
      return
    }
    switch (event.type) {
      case 'warning':
        screen.print(warningText(event.problem, screen))
        break
      case 'processor-warning':
        screen.print(screen.style('yellow', visibleLine(event.message)))
        break
      case 'config-changed':
        screen.print(visible(['The config changed:', ...editLines(event.plan)].join('\n')))
        break
      case 'cells-reused':
        screen.print(`${counted(event.cells, 'cell')} are those of ${shortPath(event.dir)}.`)
        break
      case 'run-opened':
        opened = event
        if (tellsFolder) screen.print(openedText(event))
        break
      case 'endpoint-stopped':
        screen.print(
          screen.style('red', `${stoppedText(event)} stopped: ${visibleLine(event.error.message)}`),
        )
        break
      case 'cost-reached':
        screen.print(
          screen.style(
            'red',
            `Stopping: ${dollars(event.spent)} are spent, and the next request could exceed ${dollars(event.limit)} (max_cost).`,
          ),
        )
        break
      case 'early-shutdown':
        screen.print(
          screen.style(
            'red',
            `Stopping: ${Math.round(event.rate * 100)} % of the last ${event.window} cells failed.`,
          ),
        )
        break
      case 'cell-failed':
      case 'condition-failed':
      case 'request-throttled':
      case 'secret-removed': {
        const text = tally.note(event)
        if (text !== null) screen.print(screen.style('yellow', text))
        break
      }
      default:
        break
    }
  }

  const timer = setInterval(() => {
    if (phase.show()) return
    const snapshot = run?.progress()
    if (snapshot) view?.show(snapshot)
  }, REPAINT_MS)
  timer.unref()
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onInterrupt)
  process.on('SIGCONT', screen.forget)

  return {
    signal: controller.signal,
    onEvent,
    remarks: () => tally.summary(),
    follow(started) {
      run = started
      view = createProgress({
        screen,
        now: () => performance.now(),
        intervalMs: opened?.progressIntervalMs ?? 5_000,
        facts: {
          name,
          rows: opened?.rows ?? 0,
          decidedBefore: opened?.decided ?? 0,
          before: opened?.before ?? noSessions,
        },
      })
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onInterrupt)
      process.off('SIGCONT', screen.forget)
      screen.clear()
    },
  }
}

function warningText(problem: Problem, { live }: Screen): string {
  const problems = live ? withExcerpts([problem]) : [problem]
  return visible(formatProblems(problems)).replace(/\n\n1 warning$/, '')
}

interface PhaseView {
  note: (event: RunEvent | ExportEvent) => void
  /** Shows what is done now; answers whether there is something else than rows. */
  show(): boolean
}

function createPhaseView({ screen, name, begin }: WaitingOptions): PhaseView {
  const phase = createPhase(begin)
  let since = performance.now()
  return {
    note(event) {
      if (phase.note(event)) since = performance.now()
    },
    show() {
      const text = phase.text()
      if (text === null) return false
      const takenMs = performance.now() - since
      if (screen.live) {
        if (takenMs >= PATIENCE_MS) screen.paint(phaseLines({ name, text, takenMs }, screen))
      } else if (screen.quietMs >= LONGEST_SILENCE_MS) {
        screen.print(`${visibleLine(name)}: ${visibleLine(text)}, ${duration(takenMs / 1000)}`)
      }
      return true
    },
  }
}

function stoppedText({ endpoint, model }: Extract<RunEvent, { type: 'endpoint-stopped' }>): string {
  const where = `ndpoint ${visibleLine(endpoint)}`
  return model === null ? `E${where}` : `Model ${visibleLine(model)} of e${where}`
}

function openedText(event: Extract<RunEvent, { type: 'run-opened' }>): string {
  const { asksModels, rows, selection, decided, resumed, seed, seedOf } = event
  const dir = visibleLine(event.dir)
  const same = seedOf === null ? '' : ` as in ${visibleLine(seedOf)}; --seed gives another one`
  if (selection !== null) {
    const { target, most } = selection
    const search = `${counted(target, 'row')} of up to ${counted(most, 'candidate')}`
    return resumed
      ? `Continuing in ${dir}: ${search}, ${grouped(decided)} made.`
      : `New run in ${dir}: ${search}, seed ${seed}${same}.`
  }
  if (!resumed) return `New run in ${dir}: ${counted(rows, 'row')}, seed ${seed}${same}.`
  if (decided >= rows) return `The run in ${dir} has all of its ${counted(rows, 'row')}.`
  const remain = `${grouped(rows - decided)} of ${counted(rows, 'row')} remain`
  const kept = asksModels ? '; answers they got before are used' : ''
  return `Continuing in ${dir}: ${remain}${kept}.`
}
