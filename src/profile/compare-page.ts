import { grouped } from '../util/format.ts'
import { type ComparedRun, comparedFigures } from './compared-figures.ts'
import { html, type Html } from './html.ts'
import { columnCard } from './page-column.ts'
import { pageFrame } from './page-frame.ts'
import type { ColumnStatistics } from './statistics.ts'
import { valueText } from './value-text.ts'

/** What the page shows: two runs side by side. */
export interface ComparePage {
  runs: readonly [ComparedRun, ComparedRun]
  config: readonly { place: string; values: readonly [unknown, unknown] }[]
  failures: readonly { column: string; code: string; cells: readonly [number, number] }[]
  columns: readonly {
    name: string
    same: boolean
    statistics: readonly [ColumnStatistics | null, ColumnStatistics | null]
  }[]
}

/** One HTML page without scripts that needs nothing next to it. */
export function comparePage(page: ComparePage): string {
  const [a, b] = page.runs
  return pageFrame(
    `${a.name} and ${b.name}`,
    html`<h1>${valueText(a.name)} and ${valueText(b.name)}</h1>
      <p class="soft">${valueText(a.dir)} · ${valueText(b.dir)}</p>
      ${figures(page)} ${configPart(page)} ${failurePart(page)}
      <h2>Columns</h2>
      ${page.columns.map(columnPair)}
      <footer>Made by rowsmith.</footer>`,
  )
}

function figures({ runs: [a, b] }: ComparePage): Html {
  return table(
    comparedFigures(a, b).map(([name, one, other]) => [
      html`${name}`,
      html`${one}`,
      html`${other}`,
    ]),
    titlesOf([a, b]),
  )
}

/** What the two columns of a table are called. */
function titlesOf([a, b]: readonly [ComparedRun, ComparedRun]): [string, string] {
  return a.dir === b.dir ? [a.name, b.name] : [a.dir, b.dir]
}

function configPart({ config, runs }: ComparePage): Html {
  if (config.length === 0) {
    return html`<h2>Config</h2>
      <p class="soft">The same.</p>`
  }
  const rows = config.map(({ place, values: [one, other] }) => [
    html`${valueText(place)}`,
    shown(one),
    shown(other),
  ])
  return html`<h2>Config</h2>
    ${table(rows, titlesOf(runs))}`
}

function failurePart({ failures, runs }: ComparePage): Html | null {
  if (failures.length === 0) return null
  const rows = failures.map(({ column, code, cells: [one, other] }) => [
    html`${valueText(column)}, ${valueText(code)}`,
    html`${grouped(one)}`,
    html`${grouped(other)}`,
  ])
  return html`<h2>Failed cells</h2>
    ${table(rows, titlesOf(runs))}`
}

function table(rows: readonly Html[][], [one, other]: readonly [string, string]): Html {
  return html`<div class="card">
    <table>
      <tr>
        <th></th>
        <th>${valueText(one)}</th>
        <th>${valueText(other)}</th>
      </tr>
      ${rows.map(
        (cells) =>
          html`<tr>
            ${cells.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </table>
  </div>`
}

function shown(value: unknown): Html {
  if (value === undefined) return html`<span class="soft">not there</span>`
  return html`${valueText(typeof value === 'string' ? value : JSON.stringify(value))}`
}

function columnPair({ statistics, same }: ComparePage['columns'][number]): Html {
  const [one, other] = statistics
  return html`<div class="pair">
    ${card(one)} ${same && one !== null ? sameCard() : card(other)}
  </div>`
}

function card(column: ColumnStatistics | null): Html {
  return column === null
    ? html`<section class="card"><p class="soft">No such column.</p></section>`
    : columnCard(column)
}

function sameCard(): Html {
  return html`<section class="card"><p class="soft">The same.</p></section>`
}
