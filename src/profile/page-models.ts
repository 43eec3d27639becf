import { compact, dollars, figure, grouped } from '../util/format.ts'
import { type AnswerCounts, answerCountTexts } from './answer-counts.ts'
import { type ChoiceUsage, choiceText } from './choice-usage.ts'
import { type Html, html } from './html.ts'
import { clipped, valueText } from './value-text.ts'

/** What the page shows of models, and of what columns asked them. */
export interface PageModels {
  usageByRoute: readonly (AnswerCounts & {
    route: string
    ok: number
    throttled: number
    failed: number
    inputTokens: number
    outputTokens: number
    cost: number | null
    choices: readonly ChoiceUsage[]
  })[]
  usageByColumn: readonly {
    column: string
    requests: number
    inputTokens: number
    outputTokens: number
    cost: number | null
  }[]
  outputModes: readonly {
    endpoint: string
    model: string
    mode: string
    left: readonly { mode: string; why: string; refused: boolean; form: string | null }[]
  }[]
}

export function modelsSection({
  usageByRoute,
  usageByColumn,
  outputModes,
}: PageModels): Html | null {
  if (usageByRoute.length === 0) return null
  return html`<h2 id="models">Models</h2>
    <div class="card scroll">
      <table>
        <tr>
          <th>Alias</th>
          <th class="number">Answers</th>
          <th class="number">429</th>
          <th class="number">Failed</th>
          <th class="number">Tokens in</th>
          <th class="number">Tokens out</th>
          <th class="number">Out per answer</th>
          <th class="number">Cost</th>
        </tr>
        ${usageByRoute.map(
          ({ route, ok, throttled, failed, inputTokens, outputTokens, cost }) =>
            html`<tr>
              <td>${valueText(route)}</td>
              <td class="number">${grouped(ok)}</td>
              <td class="number">${grouped(throttled)}</td>
              <td class="number">${grouped(failed)}</td>
              <td class="number">${compact(inputTokens)}</td>
              <td class="number">${compact(outputTokens)}</td>
              <td class="number">${ok === 0 ? '–' : figure(Math.round(outputTokens / ok))}</td>
              <td class="number">${costText(cost)}</td>
            </tr>`,
        )}
      </table>
    </div>
    ${usageByColumn.length < 2 ? null : columnCosts(usageByColumn)}
    ${usageByRoute.map(({ route, ...counts }) => {
      const texts = answerCountTexts(counts)
      return texts.length === 0
        ? null
        : html`<p class="soft">${valueText(route)}: ${texts.join('; ')}</p>`
    })}
    ${usageByRoute.flatMap(({ choices }) =>
      choices.map((choice) => html`<p class="soft">${valueText(choiceText(choice))}</p>`),
    )}
    ${outputModes.map(({ endpoint, model, mode, left }) => {
      const others = left.map(leftText).join('; ')
      return html`<p class="soft">
        Answers of a form: ${valueText(model)} at ${valueText(endpoint)} by
        ${mode}${others === '' ? '' : `, for ${others}`}
      </p>`
    })}`
}

function columnCosts(columns: PageModels['usageByColumn']): Html {
  return html`<div class="card scroll">
    <table>
      <tr>
        <th>Column</th>
        <th class="number">Requests</th>
        <th class="number">Tokens in</th>
        <th class="number">Tokens out</th>
        <th class="number">Cost</th>
      </tr>
      ${columns.map(
        ({ column, requests, inputTokens, outputTokens, cost }) =>
          html`<tr>
            <td>${valueText(column)}</td>
            <td class="number">${grouped(requests)}</td>
            <td class="number">${compact(inputTokens)}</td>
            <td class="number">${compact(outputTokens)}</td>
            <td class="number">${costText(cost)}</td>
          </tr>`,
      )}
    </table>
  </div>`
}

/** What nobody has a price for is not free. */
function costText(cost: number | null): string {
  return cost === null ? '–' : dollars(cost)
}

/** `json_schema of dish was refused: …`. */
function leftText({ mode, why, refused, form }: PageModels['outputModes'][number]['left'][number]) {
  const what = form === null ? mode : `${mode} of ${form}`
  return valueText(`${what} was ${refused ? 'refused' : 'ignored'} (${clipped(why)})`)
}
