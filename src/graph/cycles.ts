import type { Problem } from '../config/problem.ts'
import { formatPath } from '../config/format-problems.ts'
import { type Draft, type DraftColumn, type Edge, upstreamOf } from './draft.ts'

/** Columns that wait for each other: one problem per cycle, with every edge's place. */
export function findCycles({ columns }: Draft): Problem[] {
  const left = new Set(columns)
  const problems: Problem[] = []
  for (;;) {
    peel(left)
    const [first] = left
    if (first === undefined) return problems
    const cycle = walk(first, left)
    problems.push(cycleProblem(cycle))
    for (const { from } of cycle) left.delete(from)
  }
}

interface Step {
  from: DraftColumn
  edge: Edge
}

/** Takes away every column that waits for nothing that is left: the rest leads into cycles. */
function peel(left: Set<DraftColumn>): void {
  const waiting = new Map<DraftColumn, number>()
  const dependants = new Map<DraftColumn, DraftColumn[]>([...left].map((column) => [column, []]))
  for (const column of left) {
    const upstream = [...upstreamOf(column)].filter((to) => left.has(to))
    waiting.set(column, upstream.length)
    for (const to of upstream) dependants.get(to)?.push(column)
  }
  const free = [...left].filter((column) => waiting.get(column) === 0)
  for (let column = free.pop(); column !== undefined; column = free.pop()) {
    left.delete(column)
    for (const dependant of dependants.get(column) ?? []) {
      const count = (waiting.get(dependant) ?? 0) - 1
      waiting.set(dependant, count)
      if (count === 0) free.push(dependant)
    }
  }
}

/** Follows first edges until a column comes again; every column left has such an edge. */
function walk(start: DraftColumn, left: ReadonlySet<DraftColumn>): Step[] {
  const steps: Step[] = []
  const positions = new Map<DraftColumn, number>()
  let column = start
  for (;;) {
    const position = positions.get(column)
    if (position !== undefined) return steps.slice(position)
    const edge = column.edges.find(({ to }) => left.has(to))
    if (edge === undefined) throw new Error(`column ${column.name} was kept without an edge`)
    positions.set(column, steps.length)
    steps.push({ from: column, edge })
    column = edge.to
  }
}

function cycleProblem(cycle: readonly Step[]): Problem {
  const [first] = cycle
  if (first === undefined) throw new Error('a cycle has at least one step')
  const names = [...cycle, first].map(({ from }) => from.name).join(' → ')
  const places = cycle.map(({ from, edge }) => `${from.name} reads ${writtenAt(edge)}`).join('; ')
  const { path, within } = first.edge.reference
  return {
    level: 'error',
    code: 'cycle',
    path,
    message: `Columns wait for each other: ${names} (${places})`,
    suggestion: 'Remove one of these references.',
    ...(within === undefined ? {} : { within }),
  }
}

/** `b in columns[0].prompt at 1:12`. */
function writtenAt({ reference: { name, path, within } }: Edge): string {
  const position = within === undefined ? '' : ` at ${within.line}:${within.column}`
  return `${name} in ${formatPath(path)}${position}`
}
