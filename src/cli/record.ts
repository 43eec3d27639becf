import type { DatasetRecord } from '../export/records.ts'

/** A record for reading: a title, then each field with its value wrapped beside its name. */
export function formatRecord(record: DatasetRecord, title: string, width: number): string {
  const names = Object.keys(record)
  const indent = Math.min(24, Math.max(0, ...names.map((name) => name.length)) + 2)
  const room = Math.max(20, width - indent)
  const rule = `── ${title} `
  const lines = [rule.padEnd(Math.min(width, 100), '─')]
  for (const name of names) {
    const [first = '', ...rest] = wrap(valueText(record[name]), room)
    if (name.length + 2 > indent) lines.push(name, `${' '.repeat(indent)}${first}`)
    else lines.push(`${name.padEnd(indent)}${first}`)
    lines.push(...rest.map((line) => `${' '.repeat(indent)}${line}`))
  }
  return lines.join('\n')
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  return JSON.stringify(value, null, 2)
}

/** Breaks a text at spaces, and inside words that are longer than a line. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => wrapLine(paragraph, width))
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = []
  let rest = line
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width)
    // A character of two units stays whole.
    const whole = width > 1 && /[\uDC00-\uDFFF]/.test(rest.charAt(width)) ? width - 1 : width
    const end = space > 0 ? space : whole
    lines.push(rest.slice(0, end))
    rest = rest.slice(space > 0 ? end + 1 : end)
  }
  return [...lines, rest]
}
