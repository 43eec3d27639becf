import { grouped, percent } from '../util/format.ts'
import { html, type Html } from './html.ts'
import {
  type Agreement,
  type AgreementPair,
  alphaText,
  type InvalidReasons,
  type Judgements,
  type JudgedScore,
} from './judgements.ts'
import { clipped, valueText } from './value-text.ts'

/** What judges gave, a card for each of their scores. */
export function judgesSection(judges: Judgements['judges']): Html | null {
  if (judges.length === 0) return null
  return html`<h2 id="judges">Judges</h2>
    <div class="columns">${judges.map(judgeCard)}</div>`
}

function judgeCard({ column, score, given, summaries }: JudgedScore): Html {
  const all = given.reduce((sum, { count }) => sum + count, 0)
  const most = Math.max(1, ...given.map(({ count }) => count))
  return html`<section class="card">
    <div class="head">
      <h3>${valueText(score)}</h3>
      <span class="tag">${valueText(column)}</span>
    </div>
    <div class="bars">
      ${given.map(
        ({ option, count }) =>
          html` <span class="name" title="${valueText(option)}">${valueText(option)}</span>
            <span class="track"
              ><span class="fill" style="width:${((100 * count) / most).toFixed(2)}%"></span
            ></span>
            <span class="number"
              >${grouped(count)} · ${all === 0 ? '–' : percent(count / all)}</span
            >`,
      )}
    </div>
    ${summaries.map(
      ({ by, text, failure }) =>
        html`<p class="verdict">
          ${text === null ? html`<b class="differs">no summary:</b> ${failure ?? ''}` : text}
          <span class="soft">(${valueText(by)})</span>
        </p>`,
    )}
  </section>`
}

/** Why validators called values invalid. */
export function invalidSection(invalid: readonly InvalidReasons[]): Html | null {
  if (invalid.length === 0) return null
  return html`<h2>Why values are invalid</h2>
    <div class="card scroll">
      <table>
        <tr>
          <th>Column</th>
          <th>Reason</th>
          <th class="number">Records</th>
        </tr>
        ${invalid.flatMap(({ column, target, reasons, records }) =>
          reasons.map(
            ({ reason, count }) =>
              html`<tr>
                <td>${valueText(target === null ? column : `${column}.${target}`)}</td>
                <td class="words">${clipped(valueText(reason))}</td>
                <td class="number">${grouped(count)} of ${grouped(records)}</td>
              </tr>`,
          ),
        )}
      </table>
    </div>`
}

/** How far judges agree, a row for all of them and one for each two. */
export function agreementSection(agreement: Judgements['agreement']): Html | null {
  if (agreement.length === 0) return null
  return html`<h2>Agreement</h2>
    <div class="card scroll">
      <table>
        <tr>
          <th>Score</th>
          <th>Judges</th>
          <th>Level</th>
          <th class="number">Krippendorff's alpha</th>
          <th class="number">Cohen's kappa</th>
          <th class="number">Records</th>
          <th class="number">The same</th>
        </tr>
        ${agreement.flatMap(agreementRows)}
      </table>
    </div>`
}

function agreementRows(agreement: Agreement): Html[] {
  const { columns, score, level, units, pairs } = agreement
  const only = pairs.length === 1 ? pairs[0] : undefined
  const all = html`<tr>
    <td>${score === null ? '' : valueText(score)}</td>
    <td>${columns.map(valueText).join(', ')}</td>
    <td>${level}</td>
    <td class="number"><b>${alphaText(agreement)}</b></td>
    <td class="number">${only === undefined ? '' : coefficientText(only.kappa)}</td>
    <td class="number">${grouped(units)}</td>
    <td class="number">${only === undefined ? '' : sameText(only)}</td>
  </tr>`
  if (only !== undefined) return [all]
  const rows = pairs.map(
    (pair) =>
      html`<tr>
        <td></td>
        <td class="soft">${pair.columns.map(valueText).join(', ')}</td>
        <td></td>
        <td class="number">${coefficientText(pair.alpha)}</td>
        <td class="number">${coefficientText(pair.kappa)}</td>
        <td class="number">${grouped(pair.units)}</td>
        <td class="number">${sameText(pair)}</td>
      </tr>`,
  )
  return [all, ...rows]
}

function coefficientText(value: number | null): string {
  return value === null ? '–' : value.toFixed(3)
}

function sameText({ units, same }: AgreementPair): string {
  return units === 0 ? '–' : percent(same / units)
}
