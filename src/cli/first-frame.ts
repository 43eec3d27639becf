import { basename, extname } from 'node:path'
import { createScreen, type Screen } from './terminal.ts'
import { phaseLines } from './waiting-lines.ts'

/** A command that a person waits for, from its first moment. */
export interface Beginning extends Disposable {
  readonly screen: Screen
  readonly name: string
  readonly begin: string
}

/** Shows a terminal what begins, before the engine is loaded: that takes longer than a person waits. */
export function beginWith(config: string): Beginning {
  const screen = createScreen(process.stderr)
  const name = basename(config, extname(config))
  const begin = `reading ${config}`
  screen.paint(phaseLines({ name, text: begin, takenMs: 0 }, screen))
  return { screen, name, begin, [Symbol.dispose]: () => screen.clear() }
}
