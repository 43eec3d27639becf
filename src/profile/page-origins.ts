import { visible } from '../util/visible.ts'
import { compact, counted, dollars } from '../util/format.ts'
import { html, type Html } from './html.ts'
import { valueText } from './value-text.ts'

/** What a column is made by, as the config has it. */
export interface ColumnOrigin {
  column: string
  /** The models it may ask, with their parameters. */
  models: readonly { alias: string; model: string; parameters: string }[]
  /** Null for a column without a prompt. */
  prompt: string | null
  systemPrompt: string | null
  /** All of its config, as JSON. */
  config: string
}

interface ColumnCosts {
  requests: number
  inputTokens: number
  outputTokens: number
  cost: number | null
}

/** The model, the prompt and the config of a column, folded; what it cost stands outside. */
export function originPart(origin: ColumnOrigin | null, costs: ColumnCosts | null): Html | null {
  if (origin === null) return null
  const { models, prompt, systemPrompt, config } = origin
  return html`${costs === null ? null : html`<p class="facts">${costsText(costs)}</p>`}
    <details>
      <summary>${models.length === 0 ? 'Config' : 'Model, prompt and config'}</summary>
      ${models.map(
        ({ alias, model, parameters }) =>
          html`<p><b>${valueText(model)}</b> <span class="soft">${valueText(alias)}</span></p>
            ${parameters === '' ? null : html`<p class="soft words">${valueText(parameters)}</p>`}`,
      )}
      ${systemPrompt === null ? null : block('System prompt', systemPrompt)}
      ${prompt === null ? null : block('Prompt', prompt)} ${block('Config', config)}
    </details>`
}

function block(title: string, text: string): Html {
  return html`<p class="caption">${title}</p>
    <pre tabindex="0"><code>${visible(text)}</code></pre>`
}

function costsText({ requests, inputTokens, outputTokens, cost }: ColumnCosts): string {
  const money = cost === null ? '' : `, ${dollars(cost)}`
  return `${counted(requests, 'request')}: ${compact(inputTokens)} tokens in, ${compact(outputTokens)} out${money}`
}
