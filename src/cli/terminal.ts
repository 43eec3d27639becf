import { visible } from '../util/visible.ts'
import { cut, widthOf } from './width.ts'

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
  clear(): void
  readonly style: Paint
}

export function createScreen(
  stream: NodeJS.WriteStream,
  environment: NodeJS.ProcessEnv = process.env,
): Screen {
  const live = isLive(stream, environment)
  const style = createPaint(stream, environment)
  /** Widths of the painted lines: a terminal made narrower wraps them. */
  let painted: number[] = []
  let printedAt = performance.now()

  function width(): number {
    // A terminal that does not know says 0.
    return stream.columns || 80
  }

  function height(): number {
    return stream.rows || 24
  }

  /** To the first column of the first painted line: a terminal echoes Ctrl-C where the cursor is. */
  function up(): string {
    if (painted.length === 0) return ''
    const columns = width()
    const lines = painted.reduce((sum, taken) => sum + Math.max(1, Math.ceil(taken / columns)), 0)
    return `\u001B[${Math.min(lines, Math.max(1, height() - 1))}F`
  }

  function clear(): void {
    if (painted.length === 0) return
    // tmux keeps what is cleared from the very first cell on in its history: the first line goes alone.
    stream.write(`${up()}\u001B[K\n\u001B[0J\u001B[1F`)
    painted = []
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
      // One write, so that nothing flickers; lines are cut, or moving up would miscount.
      const text = shown.map((line) => `${line}\u001B[K\n`).join('')
      stream.write(`${up()}${text}\u001B[0J`)
      painted = shown.map((line) => widthOf(line))
    },
    print(text) {
      clear()
      printedAt = performance.now()
      stream.write(`${printable(text)}\n`)
    },
    clear,
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
