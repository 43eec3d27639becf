/**
 * Everything that would steer a terminal instead of being shown by it, and marks that change the
 * order in which text is shown: text of models and files may hold any of it.
 */
const steering =
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g

/** A text that can be printed: lines stay, what steers a terminal is made visible. */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').replaceAll(steering, picture)
}

/** The same, on one line. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll(/\s*\n\s*/g, ' ')
}

/** `␛` for an escape; what has no such picture, as `<U+202E>`. */
function picture(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/** JSON on one line that is safe on a terminal: what JSON allows raw and a terminal acts on is escaped. */
export function jsonLine(
  value: unknown,
  replacer?: (key: string, value: unknown) => unknown,
): string {
  const text = JSON.stringify(value, replacer)
  return `${text.replaceAll(steering, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}
