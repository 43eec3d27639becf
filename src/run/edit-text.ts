import { counted } from '../util/format.ts'
import { type EditedColumn, type EditPlan, isMade } from './edit-plan.ts'

/** Most places shown: a completely different config has many. */
const MOST_PLACES = 20

/** What a changed config means, for a person to read. */
export function editLines(plan: EditPlan): string[] {
  const { differences, columns, rows } = plan
  const shown = differences.length > MOST_PLACES + 1 ? MOST_PLACES : differences.length
  const of = (...changes: EditedColumn['change'][]): EditedColumn[] =>
    columns.filter(({ change }) => changes.includes(change))
  const names = (some: readonly EditedColumn[]): string => some.map(({ name }) => name).join(', ')
  const same = of('same')
  const gone = of('gone')
  return [
    ...differences
      .slice(0, shown)
      .flatMap(({ place, lines }) => [`  ${place}`, ...lines.map((line) => `    ${line}`)]),
    ...(shown < differences.length ? [`  … and ${differences.length - shown} more places`] : []),
    'The effect:',
    ...(same.length === 0 ? [] : [`  stays    ${names(same)}`]),
    ...of('kept').map((column) => `  is kept  ${column.name}${modelText(column)}`),
    ...columns.filter(isMade).map((column) => `  to make  ${madeText(column)}`),
    ...(gone.length === 0
      ? []
      : [
          `  gone     ${names(gone)} (what was made of ${gone.length === 1 ? 'it' : 'them'} stays in the run folder)`,
        ]),
    `  in all   ${totalText(plan, rows)}`,
  ]
}

function madeText(column: EditedColumn): string {
  const { name, cells, requests, free } = column
  const cost = free
    ? 'free'
    : cells === 0
      ? 'all of them are there from before'
      : `about ${counted(requests, 'request')}`
  return `${name} (${whyText(column)}): ${counted(cells, 'cell')}, ${cost}`
}

function whyText(column: EditedColumn): string {
  const { change, reads } = column
  if (change === 'new') return 'new'
  if (change === 'follows') return reads === null ? 'a column it reads changed' : `reads ${reads}`
  return `changed${modelText(column)}`
}

function modelText({ models }: EditedColumn): string {
  return models === null ? '' : `, ${models.before} made it, ${models.now} would now`
}

function totalText({ cells, requests }: EditPlan, rows: number): string {
  if (rows === 0) return 'no cell to make'
  const asked = requests === 0 ? 'no request' : `about ${counted(requests, 'request')}`
  return `${counted(cells, 'cell')} in ${counted(rows, 'row')}, ${asked}`
}
