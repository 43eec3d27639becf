import type { IBufferCell, Terminal } from '@xterm/headless'

interface Style {
  bold?: boolean
  dim?: boolean
  /** Of the 16 colours of a terminal. */
  color?: number
}

/** A line of a terminal, as pieces of one style each. */
export type StyledLine = readonly { text: string; style: Style }[]

/** The lines of a terminal that are not empty, those above its screen too. */
export function linesOf(terminal: Terminal): StyledLine[] {
  const { active } = terminal.buffer
  const lines = Array.from({ length: active.length }, (_, at) => {
    const line = active.getLine(at)
    return line === undefined ? [] : piecesOf(line.length, (column) => line.getCell(column))
  })
  return lines.slice(0, lines.findLastIndex((line) => line.length > 0) + 1)
}

function piecesOf(width: number, cellAt: (column: number) => IBufferCell | undefined): StyledLine {
  const pieces: { text: string; style: Style }[] = []
  for (let column = 0; column < width; column += 1) {
    const cell = cellAt(column)
    if (cell === undefined || cell.getWidth() === 0) continue
    const style = styleOf(cell)
    const last = pieces.at(-1)
    const text = cell.getChars() || ' '
    if (last !== undefined && isSame(last.style, style)) last.text += text
    else pieces.push({ text, style })
  }
  const end = pieces.at(-1)
  if (end !== undefined) end.text = end.text.trimEnd()
  return pieces.filter(({ text }) => text !== '')
}

function styleOf(cell: IBufferCell): Style {
  return {
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    ...(cell.isFgPalette() ? { color: cell.getFgColor() } : {}),
  }
}

function isSame(one: Style, other: Style): boolean {
  return one.bold === other.bold && one.dim === other.dim && one.color === other.color
}

const cell = { width: 8.4, height: 19 }
const margin = 20
const gap = 22
const ink = '#d8dee9'
const colors = ['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', ink]

/** An SVG of a terminal that showed one screen after the other. */
export function picture(
  screens: readonly (readonly StyledLine[])[],
  { columns }: { columns: number },
): string {
  const width = Math.ceil(columns * cell.width) + 2 * margin
  let y = margin
  const body: string[] = []
  for (const [at, lines] of screens.entries()) {
    if (at > 0) {
      body.push(`<path d="M${margin} ${y + gap / 2}H${width - margin}" stroke="#3b4252"/>`)
      y += gap
    }
    for (const line of lines) {
      y += cell.height
      body.push(lineAt(line, y - 5))
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + margin}" viewBox="0 0 ${width} ${y + margin}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="${ink}">
<rect width="100%" height="100%" rx="8" fill="#1e222a"/>
${body.join('\n')}
</svg>
`
}

function lineAt(line: StyledLine, y: number): string {
  let column = 0
  const texts = line.map(({ text, style }) => {
    const x = margin + column * cell.width
    const length = Array.from(text).length
    column += length
    if (text.trim() === '') return ''
    const fill = style.color === undefined ? '' : ` fill="${colors[style.color % 8]}"`
    const weight = style.bold ? ' font-weight="bold"' : ''
    const opacity = style.dim ? ' opacity=".6"' : ''
    return `<text x="${x.toFixed(1)}" y="${y}" textLength="${(length * cell.width).toFixed(1)}"${fill}${weight}${opacity}>${escaped(text)}</text>`
  })
  return texts.join('')
}

/** With spaces that no viewer collapses. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(' ', '\u00a0')
}
