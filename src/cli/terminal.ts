/** Where a command writes for people: plain text, or repainted in place on a terminal. */
export interface Screen {
  /** Whether lines can be repainted. */
  readonly live: boolean
  readonly width: number
  /** Replaces what `paint` showed before; on a plain stream it does nothing. */
  paint(lines: readonly string[]): void
  /** Writes lines that stay, above what is painted. */
  print(text: string): void
  /** Removes what is painted. */
  clear(): void
  /** Colours, where they are wanted. */
  style(kind: 'dim' | 'bold' | 'red' | 'yellow' | 'green', text: string): string
}

const codes = { dim: 2, bold: 1, red: 31, yellow: 33, green: 32 } as const

export function createScreen(
  stream: NodeJS.WriteStream,
  environment: NodeJS.ProcessEnv = process.env,
): Screen {
  const live = stream.isTTY && environment['TERM'] !== 'dumb' && environment['CI'] === undefined
  const coloured = live && (environment['NO_COLOR'] ?? '') === ''
  let painted = 0

  function clear(): void {
    if (painted === 0) return
    // To the first column: a terminal echoes Ctrl-C where the cursor is.
    stream.write(`\u001B[${painted}F\u001B[0J`)
    painted = 0
  }

  return {
    live,
    get width() {
      return stream.columns ?? 80
    },
    paint(lines) {
      if (!live) return
      const width = stream.columns ?? 80
      // One write, so that nothing flickers; lines are cut, or moving up would miscount.
      const text = lines.map((line) => `${cut(line, width - 1)}\u001B[K\n`).join('')
      const up = painted === 0 ? '' : `\u001B[${painted}F`
      stream.write(`${up}${text}\u001B[0J`)
      painted = lines.length
    },
    print(text) {
      clear()
      stream.write(`${text}\n`)
    },
    clear,
    style: (kind, text) => (coloured ? `\u001B[${codes[kind]}m${text}\u001B[0m` : text),
  }
}

// oxlint-disable-next-line no-control-regex -- escape sequences begin with one
const escapes = /\u001B\[[0-9;]*m/g

/** A line cut to a width in characters; escape sequences take none. */
function cut(line: string, width: number): string {
  const characters = Array.from(line.replaceAll(escapes, ''))
  if (characters.length <= width) return line
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}
