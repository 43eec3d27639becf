import type { RunEvent } from '../run/events.ts'
import type { Run } from '../run/run.ts'
import { formatProblems } from '../config/problems.ts'
import { createProgress, type ProgressView } from './progress.ts'
import { exitCodes } from './exit-codes.ts'
import { counted, grouped } from '../util/format.ts'
import type { Screen } from './terminal.ts'

/** Follows a run for a person: warnings, progress, Ctrl-C. */
export interface Watch extends Disposable {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
  readonly onEvent: (event: RunEvent) => void
  /** Shows progress of a run until it ends. */
  follow(run: Run): void
}

const REPAINT_MS = 200

export function createWatch(screen: Screen, name: string): Watch {
  const controller = new AbortController()
  let run: Run | null = null
  let view: ProgressView | null = null
  let opened: { rows: number; decided: number; progressIntervalMs: number } | null = null
  let presses = 0

  function onInterrupt(): void {
    presses += 1
    if (presses === 1) {
      screen.print(
        run === null
          ? 'Stopping before anything is generated.'
          : 'Stopping: nothing new is sent; answers on the wire are kept. Again to give them up.',
      )
      controller.abort(new Error('interrupted'))
    } else if (presses === 2 && run !== null) {
      screen.print('Giving up what is on the wire.')
      run.abort()
    } else {
      process.exit(exitCodes.interrupted)
    }
  }

  function onEvent(event: RunEvent): void {
    switch (event.type) {
      case 'warning':
        screen.print(formatProblems([event.problem]).replace(/\n\n1 warning$/, ''))
        break
      case 'run-opened':
        opened = event
        screen.print(openedText(event))
        break
      case 'endpoint-stopped':
        screen.print(
          screen.style('red', `Endpoint ${event.endpoint} stopped: ${event.error.message}`),
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
      default:
        break
    }
  }

  const timer = setInterval(() => {
    const snapshot = run?.progress()
    if (snapshot) view?.show(snapshot)
  }, REPAINT_MS)
  timer.unref()
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onInterrupt)

  return {
    signal: controller.signal,
    onEvent,
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
          startedMs: performance.now(),
        },
      })
    },
    [Symbol.dispose]() {
      clearInterval(timer)
      process.off('SIGINT', onInterrupt)
      process.off('SIGTERM', onInterrupt)
      view?.close()
    },
  }
}

function openedText(event: Extract<RunEvent, { type: 'run-opened' }>): string {
  const { dir, rows, decided, resumed, seed } = event
  if (!resumed) return `New run in ${dir}: ${counted(rows, 'row')}, seed ${seed}.`
  if (decided >= rows) return `The run in ${dir} has all of its ${counted(rows, 'row')}.`
  return `Going on in ${dir}: ${grouped(rows - decided)} of ${counted(rows, 'row')} remain.`
}
