import type { ConfigPath } from './problem.ts'

/** A text with what is broken in it omitted, and where that was. */
export interface Rest {
  /** With the same lines at the same places. */
  source: string
  gaps: readonly Gap[]
}

/** An entry that was omitted; what stands there instead is only a place holder. */
export interface Gap {
  path: ConfigPath
  /** What stood there. */
  text: string
  /** Its first line, from 0. */
  start: number
}

/**
 * Leaves out of a broken text the entries that are broken by themselves: items of a list where that
 * will do, whole keys otherwise. Null when there is no telling them apart.
 *
 * Only block style, where every entry begins on a separate line, can be taken apart like this.
 */
export function restOf(source: string, isSound: (text: string) => boolean): Rest | null {
  const lines = source.split('\n')
  const gaps: Gap[] = []
  leaveOut({ start: 0, end: lines.length }, [], { lines, gaps, isSound })
  const rest = lines.join('\n')
  return gaps.length > 0 && isSound(rest) ? { source: rest, gaps } : null
}

/** Lines start ≤ line < end. */
interface Section {
  start: number
  end: number
}

interface Work {
  lines: string[]
  gaps: Gap[]
  readonly isSound: (text: string) => boolean
}

function leaveOut(section: Section, path: ConfigPath, work: Work): void {
  const { lines, isSound } = work
  for (const { key, ...entry } of keysOf(section, lines)) {
    const text = lines.slice(entry.start, entry.end).join('\n')
    if (isSound(text)) continue
    const place = [...path, key]
    const inside = { start: entry.start + 1, end: entry.end }
    const before = work.gaps.length
    if (key === 'data_designer' && path.length === 0) leaveOut(inside, place, work)
    else leaveOutItems(inside, place, work)
    const repaired = isSound(lines.slice(entry.start, entry.end).join('\n'))
    if (work.gaps.length > before && repaired) continue
    work.gaps.splice(before)
    blank(entry, `${indentOf(lines[entry.start] ?? '')}${key}: ~`, lines)
    work.gaps.push({ path: place, text, start: entry.start })
  }
}

function leaveOutItems(section: Section, path: ConfigPath, work: Work): void {
  const { lines, gaps, isSound } = work
  for (const [index, item] of itemsOf(section, lines).entries()) {
    const text = lines.slice(item.start, item.end).join('\n')
    if (isSound(text)) continue
    const dash = `${indentOf(lines[item.start] ?? '')}- `
    const name = nameIn(text)
    const named = `${dash}{${name}}`
    blank(item, name !== null && isSound(named) ? named : `${dash}~`, lines)
    gaps.push({ path: [...path, index], text, start: item.start })
  }
}

/** What the entry is called, so that whoever refers to it does not miss it. */
function nameIn(text: string): string | null {
  const found = /(?:^|[-{,\s])(name|alias): *("[^"\n]*"|'[^'\n]*'|[^\s,{}[\]#'"]+)/.exec(text)
  return found === null ? null : `${found[1]}: ${found[2]}`
}

function keysOf(section: Section, lines: readonly string[]): (Section & { key: string })[] {
  return entriesAt(section, lines, /^( *)(?![-#\s])["']?([\w-]+)["']?:(?:\s|$)/).map(
    ({ match, ...entry }) => ({ ...entry, key: match[2] ?? '' }),
  )
}

function itemsOf(section: Section, lines: readonly string[]): Section[] {
  return entriesAt(section, lines, /^( *)-(?:\s|$)/)
}

/** Entries that begin as a pattern says, all as far from the margin as the first one. */
function entriesAt(
  { start, end }: Section,
  lines: readonly string[],
  pattern: RegExp,
): (Section & { match: RegExpExecArray })[] {
  const entries: (Section & { match: RegExpExecArray })[] = []
  let margin: number | null = null
  for (let line = start; line < end; line += 1) {
    const match = pattern.exec(lines[line] ?? '')
    if (match === null) continue
    const width = match[1]?.length ?? 0
    margin ??= width
    if (width !== margin) continue
    const last = entries.at(-1)
    if (last !== undefined) last.end = line
    entries.push({ start: line, end, match })
  }
  return entries
}

function blank({ start, end }: Section, first: string, lines: string[]): void {
  lines[start] = first
  lines.fill('', start + 1, end)
}

function indentOf(line: string): string {
  return /^ */.exec(line)?.[0] ?? ''
}
