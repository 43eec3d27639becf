import type { ConfigPath, Problem } from './problem.ts'

/** Problems as the terminal shows them: one block each, in the order of the file. */
export function formatProblems(problems: readonly Problem[]): string {
  const blocks = problems.toSorted(byPlace).map(formatProblem)
  return [...blocks, summary(problems)].join('\n\n')
}

/** The order of the files, and in each of its lines. */
export function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return (a.file ?? '') < (b.file ?? '') ? -1 : 1
  return (
    (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
    (a.position?.column ?? 0) - (b.position?.column ?? 0)
  )
}

function formatProblem(problem: Problem): string {
  const { level, file, position, path, message, excerpt, expected, received, suggestion } = problem
  const place = [file, position?.line, position?.column].filter((part) => part !== undefined)
  const where = [place.join(':'), formatPath(path)].filter((part) => part !== '')
  return [
    where.length === 0 ? [] : where.join('  '),
    `  ${level === 'warning' ? 'warning: ' : ''}${message}`,
    excerpt === undefined ? [] : excerpt.split('\n').map((line) => `    ${line}`),
    expected === undefined ? [] : `    expected  ${expected}`,
    received === undefined ? [] : `    got       ${received}`,
    suggestion === undefined ? [] : `    ${suggestion}`,
  ]
    .flat()
    .join('\n')
}

function summary(problems: readonly Problem[]): string {
  const warnings = problems.filter(({ level }) => level === 'warning').length
  const errors = problems.length - warnings
  if (warnings === 0) return counted(errors, 'problem')
  if (errors === 0) return counted(warnings, 'warning')
  return `${counted(problems.length, 'problem')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** A path as people write it: `columns[0].params.values[2]`. */
export function formatPath(path: ConfigPath): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(step)) return `[${JSON.stringify(step)}]`
      return index === 0 ? step : `.${step}`
    })
    .join('')
}
