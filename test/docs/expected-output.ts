/**
 * What differs when a page shows an output, or null when it is the one that was printed.
 *
 * `…` stands for whatever varies: inside a line for any characters, alone on a line for any lines.
 */
export function outputDifference(shown: string, printed: string): string | null {
  const expected = linesOf(shown)
  const actual = linesOf(printed).join('\n')
  if (patternOf(expected).test(`${actual}\n`)) return null
  let fitting = expected.length
  while (fitting > 0 && !patternOf([...expected.slice(0, fitting), '…']).test(`${actual}\n`)) {
    fitting -= 1
  }
  const line = expected[fitting] ?? '(more was printed than the block has)'
  return `line ${fitting + 1} of the block was not printed: ${line}\nThis was printed:\n${actual}`
}

function linesOf(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd())
}

function patternOf(lines: readonly string[]): RegExp {
  const parts = lines.map((line) =>
    line === '…'
      ? '(?:[^\n]*\n)*?'
      : `${line
          .split('…')
          .map((text) => RegExp.escape(text))
          .join('[^\n]*')}\n`,
  )
  return new RegExp(`^${parts.join('')}$`)
}

/** Where a JSON value differs from the one a page shows; there `"…"` stands for any value. */
export function jsonDifference(shown: unknown, printed: unknown, path = '$'): string | null {
  if (shown === '…') return null
  if (!isContainer(shown) || !isContainer(printed)) {
    return Object.is(shown, printed)
      ? null
      : `${path}: the page has ${JSON.stringify(shown)}, printed was ${JSON.stringify(printed)}`
  }
  const keys = new Set([...Object.keys(shown), ...Object.keys(printed)])
  for (const key of keys) {
    const difference = jsonDifference(shown[key], printed[key], `${path}.${key}`)
    if (difference !== null) return difference
  }
  return null
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
