/** Characters shown of a line on each side of where it differs from another one. */
const AROUND = 40
/** Characters shown of what differs in a line. */
const MOST_OF_IT = 200
/** Lines of either text beyond which what differs is not searched for equal lines in between. */
const MOST_LINES = 1_000

/**
 * The lines in which two texts differ, those of the first behind `- `, those of the second behind
 * `+ `. Two that would look the same are written with everything escaped that tells them apart.
 */
export function differingLines(before: string, after: string): string[] {
  const old = before.split('\n')
  const fresh = after.split('\n')
  let start = 0
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1
  let end = 0
  const most = Math.min(old.length, fresh.length) - start
  while (end < most && old.at(-1 - end) === fresh.at(-1 - end)) end += 1
  return pairedLines(
    changes(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end)),
  )
}

interface Change {
  gone: string[]
  come: string[]
}

/** What must be replaced by what, between lines that both have. */
function changes(old: readonly string[], fresh: readonly string[]): Change[] {
  if (Math.max(old.length, fresh.length) > MOST_LINES) return [{ gone: [...old], come: [...fresh] }]
  const common = longestCommon(old, fresh)
  const found: Change[] = []
  let open: Change = { gone: [], come: [] }
  for (let left = 0, right = 0; left < old.length || right < fresh.length;) {
    const [mine, theirs] = [old[left], fresh[right]]
    if (mine !== undefined && mine === theirs) {
      if (open.gone.length + open.come.length > 0) found.push(open)
      open = { gone: [], come: [] }
      left += 1
      right += 1
    } else if (
      theirs === undefined ||
      (mine !== undefined && common(left + 1, right) >= common(left, right + 1))
    ) {
      open.gone.push(mine as string)
      left += 1
    } else {
      open.come.push(theirs)
      right += 1
    }
  }
  if (open.gone.length + open.come.length > 0) found.push(open)
  return found
}

/** The length of the longest common subsequence from a line of each on. */
function longestCommon(
  old: readonly string[],
  fresh: readonly string[],
): (left: number, right: number) => number {
  const width = fresh.length + 1
  const lengths = new Uint16Array((old.length + 1) * width)
  for (let left = old.length - 1; left >= 0; left -= 1) {
    for (let right = fresh.length - 1; right >= 0; right -= 1) {
      lengths[left * width + right] =
        old[left] === fresh[right]
          ? 1 + (lengths[(left + 1) * width + right + 1] ?? 0)
          : Math.max(
              lengths[(left + 1) * width + right] ?? 0,
              lengths[left * width + right + 1] ?? 0,
            )
    }
  }
  return (left, right) => lengths[left * width + right] ?? 0
}

function pairedLines(all: readonly Change[]): string[] {
  return all.flatMap(({ gone, come }) => {
    const pairs = Array.from({ length: Math.min(gone.length, come.length) }, (_, at) =>
      excerpts(gone[at] as string, come[at] as string),
    )
    return [
      ...pairs.map(([mine]) => `- ${mine}`),
      ...gone.slice(pairs.length).map((line) => `- ${cut(line)}`),
      ...pairs.map(([, theirs]) => `+ ${theirs}`),
      ...come.slice(pairs.length).map((line) => `+ ${cut(line)}`),
    ]
  })
}

/** As much of two different lines as shows in what they differ. */
function excerpts(before: string, after: string): [string, string] {
  const [mine, theirs] = differingParts(before, after)
  if (looks(mine) !== looks(theirs)) return [mine, theirs]
  return differingParts(escaped(before), escaped(after))
}

function differingParts(before: string, after: string): [string, string] {
  if (Math.max(before.length, after.length) <= 2 * AROUND + MOST_OF_IT) return [before, after]
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start += 1
  let end = 0
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1
  const from = Math.max(0, start - AROUND)
  const part = (text: string): string => {
    const to = Math.min(text.length - end + AROUND, start + MOST_OF_IT)
    return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`
  }
  return [part(before), part(after)]
}

function cut(line: string): string {
  return line.length > MOST_OF_IT ? `${line.slice(0, MOST_OF_IT)}…` : line
}

/** What a reader sees of a line, about. */
function looks(line: string): string {
  return line
    .normalize('NFKC')
    .replaceAll(/[\p{Cf}\s]+/gu, ' ')
    .trim()
}

function escaped(line: string): string {
  return JSON.stringify(line).replaceAll(
    /[^\u0020-\u007e]/g,
    (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
