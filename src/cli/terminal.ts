import { visible } from '../util/visible.ts'
import { cut } from './width.ts'

const codes = {
  dim: '2',
  bold: '1',
  inverse: '7',
  red: '31',
  green: '32',
  yellow: '33',
  magenta: '35',
  cyan: '36',
} as const

export type Style = keyof typeof codes

/** Colours a text, where colours are wanted. */
export type Paint = (style: Style, text: string) => string

/** Where a command writes for people: plain text, or repainted in place on a terminal. */
export interface Screen {
  /** Whether lines can be repainted. */
  readonly live: boolean
  readonly width: number
  readonly height: number
  /** Ms since a line was printed that stays, or since the screen was made. */
  readonly quietMs: number
  /** Replaces what `paint` showed before; on a plain stream it does nothing. */
  paint(lines: readonly string[]): void
  /** Writes lines that stay, above what is painted. */
  print(text: string): void
  /** Removes what is painted. */
  clear: () => void
  /** Leaves what is painted where it is: a shell has written since the process was stopped. */
  forget: () => void
  readonly style: Paint
}

/** Saves the place of the cursor, and goes to the one that was saved. */
const SAVE = '\u001B7'
const RESTORE = '\u001B8'

export function createScreen(
  stream: NodeJS.WriteStream,
  environment: NodeJS.ProcessEnv = process.env,
): Screen {
  const live = isLive(stream, environment)
  const style = createPaint(stream, environment)
  let painted = 0
  /** Of the terminal, when it was painted. */
  let paintedAt = ''
  let printedAt = performance.now()

  function width(): number {
    // A terminal that does not know says 0.
    return stream.columns || 80
  }

  function height(): number {
    return stream.rows || 24
  }

  /**
   * To the beginning of the first painted line, where the cursor was left: Enter or Ctrl-C, which a
   * terminal echoes there, may have moved it since. A terminal of another size has moved the lines,
   * and the cursor with them; the place that was saved is wrong there.
   */
  function back(): string {
    if (painted === 0) return ''
    return paintedAt === `${width()} ${height()}` ? RESTORE : '\r'
  }

  function clear(): void {
    if (painted === 0) return
    // tmux keeps what is cleared from the very first cell on in its history: the first line goes alone.
    const below = painted === 1 ? '' : '\n\u001B[0J\u001B[1F'
    stream.write(`${back()}\u001B[K${below}`)
    painted = 0
  }

  return {
    live,
    get width() {
      return width()
    },
    get height() {
      return height()
    },
    get quietMs() {
      return performance.now() - printedAt
    },
    paint(lines) {
      if (!live) return
      const columns = width()
      // Lines beyond the first screen could not be reached again; one is the cursor's.
      const shown = lines
        .slice(0, Math.max(1, height() - 1))
        .map((line) => cut(printable(line).replaceAll('\n', ' '), columns - 1))
      if (shown.length === 0) return clear()
      // One write, so that nothing flickers. The cursor goes back to the first line and stays there.
      const text = shown.map((line) => `${line}\u001B[K`).join('\n')
      const up = shown.length === 1 ? '\r' : `\u001B[${shown.length - 1}F`
      stream.write(`${back()}${text}\u001B[0J${up}${SAVE}`)
      painted = shown.length
      paintedAt = `${columns} ${height()}`
    },
    print(text) {
      clear()
      printedAt = performance.now()
      stream.write(`${printable(text)}\n`)
    },
    clear,
    forget: () => void (painted = 0),
    style,
  }
}

/** Whether a stream is a terminal whose lines can be written over. */
export function isLive(
  stream: { isTTY?: boolean },
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  return stream.isTTY === true && environment['TERM'] !== 'dumb' && !isCi(environment)
}

/** Colours of a stream: FORCE_COLOR goes before NO_COLOR, as in Node itself. */
export function createPaint(
  stream: { isTTY?: boolean },
  environment: NodeJS.ProcessEnv = process.env,
): Paint {
  const forced = environment['FORCE_COLOR']
  const coloured =
    forced === undefined
      ? isLive(stream, environment) && (environment['NO_COLOR'] ?? '') === ''
      : forced !== '0' && forced !== 'false'
  return (style, text) =>
    coloured && text !== '' ? `\u001B[${codes[style]}m${text}\u001B[0m` : text
}

function isCi({ CI: ci = '' }: NodeJS.ProcessEnv): boolean {
  return ci !== '' && ci !== '0' && ci !== 'false'
}

// oxlint-disable-next-line no-control-regex -- escape sequences begin with one
const ownStyles = new RegExp(`(\u001B\\[(?:0|${Object.values(codes).join('|')})m)`)

/** Lets through the colours given here and makes visible what else would steer the terminal. */
export function printable(text: string): string {
  const pieces = text.split(ownStyles)
  return pieces.map((piece, at) => (at % 2 === 1 ? piece : visible(piece))).join('')
}
