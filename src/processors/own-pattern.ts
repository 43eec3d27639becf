import { RE2JS, RE2JSException } from 're2js'
import type { Finder } from './find-personal.ts'

/**
 * A pattern of the user's. It runs on RE2, which is linear in the text and so can't hang; what that
 * does not know, such as look-around and back references, is refused with a message.
 */
export function ownPattern(source: string): Finder | { message: string } {
  const compiled = compile(source)
  if (!(compiled instanceof RE2JS)) return compiled
  return function* find(text) {
    const matcher = compiled.matcher(text)
    while (matcher.find()) {
      const found = { start: matcher.start(), end: matcher.end() }
      if (found.end > found.start) yield found
    }
  }
}

function compile(source: string): RE2JS | { message: string } {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return { message: error.message }
  }
}
