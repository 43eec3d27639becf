/** A line that stands wrong, and the text as it was likely meant. */
export interface LayoutFault {
  line: number
  column: number
  message: string
  suggestion: string
  fixed: string
}

/** A quoted text that no line closes: the line on which it begins. */
export function findOpenQuote(source: string): LayoutFault | null {
  const lines = source.split('\n')
  for (const [at, line] of lines.entries()) {
    const found = /^(\s*(?:-\s+)*(?:[^\s'"#][^'"]*?:\s+)?)(["'])(.*)$/.exec(line)
    if (found === null) continue
    const [, before = '', quote = '"', rest = ''] = found
    if (isClosed(rest, quote)) continue
    const closed = `${line.trimEnd()}${quote}`
    return {
      line: at + 1,
      column: before.length + 1,
      message: `The quote that begins on line ${at + 1} is not closed`,
      suggestion: `Close it: ${shortened(closed)}`,
      fixed: lines.with(at, closed).join('\n'),
    }
  }
  return null
}

/** A key whose colon has no space behind it, so that the line is read as one text. */
export function findGluedColon(source: string): LayoutFault | null {
  const lines = source.split('\n')
  for (const [at, line] of lines.entries()) {
    const found = /^(\s*(?:-\s+)*)([A-Za-z_]\w*:)([^\s:/].*)$/.exec(line)
    if (found === null) continue
    const [, before = '', key = '', text = ''] = found
    const fixed = `${before}${key} ${text}`
    return {
      line: at + 1,
      column: before.length + key.length + 1,
      message: `A space is missing behind the colon on line ${at + 1}`,
      suggestion: `Write ${shortened(fixed)}`,
      fixed: lines.with(at, fixed).join('\n'),
    }
  }
  return null
}

/** Comments of JavaScript in JSON: in YAML they would be text, and part of the next key. */
export function findSlashComment(source: string): LayoutFault | null {
  if (!/^\s*[{[]/.test(source.replaceAll(/^\s*(?:\/\/|#).*$/gm, ''))) return null
  const lines = source.split('\n')
  const comment = /^(\s*|(?:[^"]|"(?:[^"\\]|\\.)*")*?[,{[\]}]\s*)(\/\/)/
  const at = lines.findIndex((line) => comment.test(line))
  if (at === -1) return null
  const [, before = ''] = comment.exec(lines[at] ?? '') ?? []
  return {
    line: at + 1,
    column: before.length + 1,
    message: `Line ${at + 1} has a comment with //, which neither JSON nor YAML knows`,
    suggestion: 'Remove it, or write # in place of //.',
    fixed: lines.map((line) => line.replace(comment, (_, text: string) => `${text} #`)).join('\n'),
  }
}

function isClosed(rest: string, quote: string): boolean {
  const without = quote === '"' ? rest.replaceAll(/\\./g, '') : rest.replaceAll("''", '')
  return without.includes(quote)
}

/** A template that stands without quotes behind its key: the line with quotes. */
export function quotedTemplate(line: string): string | null {
  const found = /^(\s*(?:-\s+)*[^\s'"#{}[\]][^'"{}[\]:]*:\s+)(\{\{.*?)\s*$/.exec(line)
  if (found === null) return null
  const [, before = '', text = ''] = found
  if (!/["\\]/.test(text)) return `${before}"${text}"`
  return text.includes("'") ? null : `${before}'${text}'`
}

/** A line as it is shown in a sentence. */
export function shortened(line: string): string {
  const text = line.trim().replace(/^(?:-\s+)+/, '')
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

/**
 * A key that is indented as no line above it is. Only blocks of keys and lists are understood: null
 * where something else spans several lines.
 */
export function findWrongIndent(source: string): LayoutFault | null {
  const lines = source.split('\n')
  const open: number[] = []
  /** Levels where entries of lists begin. */
  const lists = new Set<number>()
  let opens = true
  /** Lines indented more belong to a text below `|` or `>`. */
  let textBelow: number | null = null
  for (const [at, line] of lines.entries()) {
    if (/^\s*(?:#.*)?$/.test(line) || /^(?:---|%)/.test(line)) continue
    const [, spaces = '', dashes = '', rest = ''] =
      /^([ \t]*)((?:-\s+)*(?:-$)?)(.*)$/.exec(line.trimEnd()) ?? []
    const indent = spaces.length
    if (spaces.includes('\t')) return null
    if (textBelow !== null && indent > textBelow) continue
    textBelow = null
    const value = /^(?:"[^"]*"|'[^']*'|[^\s#'"{}[\],&*!|>%@`][^#]*?):(?:\s+(.*))?$/.exec(rest)
    if (value === null && dashes === '') continue
    const isItem = dashes !== ''
    const meant = levelMeant(indent, open, { opens, lists: isItem ? lists : null })
    if (isItem && meant === null) lists.add(indent)
    if (meant !== null) return wrongIndent(lines, { at, indent, meant })
    while ((open.at(-1) ?? -1) > indent) open.pop()
    if (open.at(-1) !== indent) open.push(indent)
    const column = indent + dashes.length
    if (value !== null && column > indent) open.push(column)
    const text = (value === null ? rest : (value[1] ?? '')).replace(/(?:^|\s)#.*$/, '').trim()
    if (spansLines(text)) return null
    if (/^[|>][-+\d]*$/.test(text)) textBelow = value === null ? indent : column
    opens = text === '' || /^[&!]\S*$/.test(text)
  }
  return null
}

/** Null where the indentation fits. */
function levelMeant(
  indent: number,
  open: readonly number[],
  { opens, lists }: { opens: boolean; lists: ReadonlySet<number> | null },
): number | null {
  const top = open.at(-1)
  if (top === undefined || open.includes(indent)) return null
  if (indent > top) return opens ? null : top
  // A dash begins an entry of a list that is there.
  const entries = lists === null ? [] : open.filter((level) => lists.has(level))
  const levels = entries.length > 0 ? entries : open
  const deeper = levels.find((level) => level > indent)
  const shallower = levels.findLast((level) => level < indent)
  if (deeper === undefined || shallower === undefined) return deeper ?? shallower ?? top
  return indent - shallower < deeper - indent ? shallower : deeper
}

function spansLines(text: string): boolean {
  const first = text.charAt(0)
  if (first === '"' || first === "'") return !isClosed(text.slice(1), first)
  if (first !== '[' && first !== '{') return false
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0
  return count(/[[{]/g) !== count(/[\]}]/g)
}

function wrongIndent(
  lines: readonly string[],
  { at, indent, meant }: { at: number; indent: number; meant: number },
): LayoutFault {
  const text = (lines[at] ?? '').slice(indent)
  return {
    line: at + 1,
    column: indent + 1,
    message: `Line ${at + 1} is indented by ${spacesText(indent)}, which fits no line above it`,
    suggestion: `Indent it by ${spacesText(meant)}.`,
    fixed: lines.with(at, ' '.repeat(meant) + text).join('\n'),
  }
}

function spacesText(count: number): string {
  return `${count} space${count === 1 ? '' : 's'}`
}
