import { emitKeypressEvents } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import { fit, piece } from './fit-pieces.ts'
import { actionOf, type Action, type Key, keyHelp } from './keys.ts'
import { printable, type Paint } from './terminal.ts'
import { cut, padEnd, widthOf } from './width.ts'

/** What is paged through: one page a screen, each as long as it is. */
export interface Pages {
  count: number
  title(page: number): string
  lines(page: number, width: number): string[]
}

/** Where the reader is. */
export interface Place {
  page: number
  /** First line shown. */
  top: number
  help: boolean
}

/** A page and its room, for moving in it. */
export interface Extent {
  pages: number
  lines: number
  height: number
}

/** Where an action leads; it stops at both ends. */
export function move(place: Place, action: Action, { pages, lines, height }: Extent): Place {
  if (place.help) return { ...place, help: false }
  const lowest = Math.max(0, lines - height)
  const scrolled = (top: number): Place => ({
    ...place,
    top: Math.min(lowest, Math.max(0, top)),
  })
  const turned = (page: number): Place => {
    const next = Math.min(pages - 1, Math.max(0, page))
    return next === place.page ? scrolled(place.top) : { page: next, top: 0, help: false }
  }
  switch (action) {
    case 'next':
      return turned(place.page + 1)
    case 'previous':
      return turned(place.page - 1)
    case 'first':
      return turned(0)
    case 'last':
      return turned(pages - 1)
    case 'up':
      return scrolled(place.top - 1)
    case 'down':
      return scrolled(place.top + 1)
    case 'page-up':
      return scrolled(place.top - height)
    case 'page-down':
      return scrolled(place.top + height)
    case 'top':
      return scrolled(0)
    case 'bottom':
      return scrolled(lowest)
    case 'help':
      return { ...place, help: true }
    case 'suspend':
    case 'quit':
      break
  }
  return place
}

const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'

/** Shows pages on a separate screen until the reader quits; leaves the terminal as it was. */
export async function pageThrough(
  pages: Pages,
  { input, output, style }: { input: ReadStream; output: WriteStream; style: Paint },
): Promise<void> {
  const quit = Promise.withResolvers<void>()
  let place: Place = { page: 0, top: 0, help: false }
  let entered = false

  function enter(): void {
    entered = true
    input.setRawMode(true)
    output.write(ENTER)
  }

  /** Also called when the process ends in the middle: then only what is written at once counts. */
  function leave(): void {
    if (!entered) return
    entered = false
    output.write(LEAVE)
    input.setRawMode(false)
  }

  function extent(): Extent & { text: string[]; width: number } {
    const width = Math.max(1, (output.columns || 80) - 1)
    const height = Math.max(1, (output.rows || 24) - 1)
    const text = place.help ? helpLines(style) : pages.lines(place.page, width)
    return { text, width, height, pages: pages.count, lines: text.length }
  }

  function draw(): void {
    if (!entered) return
    const { text, width, height } = extent()
    const top = place.help ? 0 : Math.min(place.top, Math.max(0, text.length - height))
    const shown = Array.from({ length: height }, (_, at) =>
      cut(printable(text[top + at] ?? ''), width),
    )
    const bar = style(
      'inverse',
      padEnd(cut(barText(text.length, top, height, width), width), width),
    )
    // One write and no clearing, so that nothing flickers.
    output.write(
      `\u001B[H${[...shown, bar].map((line) => `${line}\u001B[K`).join('\r\n')}\u001B[0J`,
    )
  }

  function barText(lines: number, top: number, height: number, width: number): string {
    if (place.help) return ' any key goes back'
    const last = Math.min(lines, top + height)
    const hint = place.page === pages.count - 1 ? 'last record' : 'n next'
    return ` ${fit(
      [
        piece(pages.title(place.page)),
        ...(lines > height ? [piece(`lines ${top + 1}–${last}/${lines}`, 1)] : []),
        piece(hint, 2),
        piece('q quit', 3),
        piece('? help', 4),
      ],
      width - 1,
      ' · ',
    )}`
  }

  function onKey(_text: string | undefined, key: Key): void {
    const action = actionOf(key)
    if (action === 'quit' && !place.help) return quit.resolve()
    if (action === 'suspend') return suspend()
    // Any key leaves the help.
    if (action === null && !place.help) return
    place = move(place, action ?? 'help', extent())
    draw()
  }

  function suspend(): void {
    leave()
    process.once('SIGCONT', () => {
      enter()
      draw()
    })
    // The whole group, as the terminal itself would: a parent that waits must stop too.
    process.kill(0, 'SIGTSTP')
  }

  function onSignal(signal: NodeJS.Signals): void {
    stop()
    // Ends the process as if no one had listened.
    process.kill(process.pid, signal)
  }

  function stop(): void {
    leave()
    process.off('exit', leave)
    process.off('SIGTERM', onSignal)
    process.off('SIGHUP', onSignal)
    process.off('SIGINT', quit.resolve)
    output.off('resize', draw)
    input.off('keypress', onKey)
    input.off('end', quit.resolve)
    input.pause()
  }

  process.on('exit', leave)
  process.on('SIGTERM', onSignal)
  process.on('SIGHUP', onSignal)
  process.on('SIGINT', quit.resolve)
  output.on('resize', draw)
  emitKeypressEvents(input)
  input.on('keypress', onKey)
  input.on('end', quit.resolve)
  try {
    enter()
    input.resume()
    draw()
    await quit.promise
  } finally {
    stop()
  }
}

function helpLines(style: Paint): string[] {
  const width = Math.max(...keyHelp.map(([keys]) => widthOf(keys)))
  return [
    style('bold', 'Keys'),
    '',
    ...keyHelp.map(([keys, what]) => `  ${style('cyan', padEnd(keys, width))}  ${what}`),
  ]
}
