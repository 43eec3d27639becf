import { counted, grouped, moment, percent } from '../util/format.ts'
import { html, type Html } from './html.ts'
import { findingText, verdictText } from './dataset-verdict.ts'
import type { Finding, Verdict } from './finding.ts'
import type { OutcomeTotals } from '../rows/row-outcome.ts'
import { valueText } from './value-text.ts'

/** `working`: a process works on the run; `unfinished`: rows remain and nobody makes them. */
type RunState = 'complete' | 'unfinished' | 'working'

/** What the top of the page says. */
export interface PageHeadline {
  state: RunState
  verdict: Verdict
  rows: OutcomeTotals & { requested: number; remaining: number }
  /** Records of the dataset, which processors may have made of those of the rows. */
  records: number
  failures: readonly { name: string; code: string; outcome: 'dropped' | 'null'; count: number }[]
  rejections: readonly { name: string; code: string; count: number }[]
  sessions: readonly { started: number; ended: number | null }[]
  /** The version of rowsmith that made the page. */
  version: string
}

/** Findings that are not folded. */
const shownFindings = 3

/** The verdict with its findings, and how many records there are and why no more. */
export function headline(page: PageHeadline): Html {
  const { verdict } = page
  return html`<p class="headline">${recordsText(page)}</p>
    <section class="card judged ${verdict.level}" aria-label="Verdict">
      <p><b>${valueText(verdictText(verdict))}</b></p>
      ${
        verdict.findings.length === 0
          ? html`<p class="soft">
              No rule of the report found anything; read some records anyway.
            </p>`
          : findingList(verdict.findings.slice(0, shownFindings))
      }
      ${
        verdict.findings.length <= shownFindings
          ? null
          : html`<details>
              <summary>${counted(verdict.findings.length - shownFindings, 'more finding')}</summary>
              ${findingList(verdict.findings.slice(shownFindings))}
            </details>`
      }
    </section>`
}

function findingList(findings: readonly Finding[]): Html {
  return html`<ul>
    ${findings.map(
      (finding) =>
        html`<li class="${finding.level}">
          ${valueText(findingText(finding))}. <span class="soft">${finding.advice}</span>
        </li>`,
    )}
  </ul>`
}

function recordsText(page: PageHeadline): Html {
  const { rows, state, records, failures, rejections } = page
  const decided = rows.requested - rows.remaining
  const start = html`<b>${counted(records, 'record')}</b> of ${counted(rows.requested, 'row')}`
  const missing = [
    ...(rows.dropped > 0
      ? [
          `${grouped(rows.dropped)} dropped (${reasons(failures.filter(({ outcome }) => outcome === 'dropped'))})`,
        ]
      : []),
    ...(rows.rejected > 0 ? [`${grouped(rows.rejected)} rejected (${reasons(rejections)})`] : []),
    ...(rows.nullKept > 0 ? [`${grouped(rows.nullKept)} kept with a null`] : []),
  ]
  const share = rows.requested === 0 ? '' : ` (${percent(decided / rows.requested)})`
  const open = {
    complete: null,
    unfinished: html`<b class="open">Unfinished:</b> ${grouped(decided)} of
      ${counted(rows.requested, 'row')} are decided${share}, the others remain. `,
    working: html`<b class="open">Unfinished, a run is working on it:</b> ${grouped(decided)} of
      ${counted(rows.requested, 'row')} were decided${share} when this page was made. `,
  }[state]
  return html`${open}${start}${missing.length === 0 ? '' : `; ${missing.join(', ')}`}.
    <span class="soft">${datesText(page)}rowsmith ${page.version}</span>`
}

/** The most frequent reasons: `review bad-request 21`. */
function reasons(all: readonly { name: string; code: string; count: number }[]): string {
  const sorted = all.toSorted((one, other) => other.count - one.count)
  const shown = sorted
    .slice(0, 3)
    .map(({ name, code, count }) => `${valueText(name)} ${valueText(code)} ${grouped(count)}`)
  return [...shown, ...(sorted.length > 3 ? ['…'] : [])].join(', ')
}

function datesText({ sessions }: PageHeadline): string {
  const first = sessions[0]
  const last = sessions.at(-1)
  if (first === undefined || last === undefined) return ''
  const began = moment(first.started, 3_600_000)
  const ended = last.ended === null ? null : moment(last.ended, 3_600_000)
  return ended === null || ended === began ? `${began} UTC · ` : `${began} to ${ended} UTC · `
}
