import type { Forecast, Range } from '../run/extrapolate.ts'
import { compact, counted, dollars, duration, grouped } from '../util/format.ts'
import { visibleLine } from '../util/visible.ts'

/** What a run will take, for a person: figures as ranges, what they go by, and what is not known. */
export function forecastTexts(forecast: Forecast): string[] {
  const { rows, columns, unknown, withoutAnswers, most, atLeast, batched } = forecast
  const tokens = tokensOf(forecast)
  if (columns.length === 0) return ['No model request is needed.']
  const parts = [
    `${about(forecast.requests, grouped)} requests`,
    ...(tokens.expected === 0 ? [] : [`${about(tokens, compact)} tokens`]),
    ...(forecast.cost === null ? [] : [about(forecast.cost, dollars)]),
    ...(forecast.seconds === null ? [] : [about(forecast.seconds, roughDuration)]),
  ]
  return [
    `${counted(rows, 'row')}${columns.some(({ cells }) => cells !== rows) ? ' to look at' : ''}: ${parts.join(', ')}${basisText(forecast)}.`,
    ...(withoutAnswers.length === 0
      ? []
      : [
          `  Without the answers of ${namesOf(withoutAnswers)}${most === null ? ': preview some rows to measure their length' : `: at most ${compact(most.outputTokens)} tokens${most.cost === null ? '' : `, ${dollars(most.cost)}`} more`}.`,
        ]),
    ...(atLeast.length === 0
      ? []
      : [
          `  ${namesOf(atLeast)} may send more than one request for a cell; the forecast counts one.`,
        ]),
    ...(batched.length === 0
      ? []
      : [
          `  Requests of ${namesOf(batched)} go in batches; the time does not include how long these take.`,
        ]),
    ...(unknown.length === 0
      ? []
      : [
          forecast.cost === null
            ? `  The cost is unknown: no price of ${namesOf(unknown)} is known. Add prices to the config.`
            : `  What ${namesOf(unknown)} costs is unknown and not included; add it to prices in the config.`,
        ]),
  ]
}

function namesOf(names: readonly string[]): string {
  return names.map(visibleLine).join(', ')
}

function basisText({ basis, sampleRows }: Forecast): string {
  switch (basis) {
    case 'rows':
      return ` (by ${counted(sampleRows, 'row')})`
    case 'prompts':
      return ` (by prompts of ${counted(sampleRows, 'row')})`
    case 'nothing':
      break
  }
  return ''
}

function tokensOf({ inputTokens, outputTokens }: Forecast): Range {
  const sum = (one: number | null, other: number | null): number | null =>
    one === null || other === null ? null : one + other
  return {
    expected: inputTokens.expected + outputTokens.expected,
    low: sum(inputTokens.low, outputTokens.low),
    high: sum(inputTokens.high, outputTokens.high),
  }
}

/** `~10,000`, `4.10–4.90 M`; both ends only where they differ as they are written. */
function about({ expected, low, high }: Range, write: (value: number) => string): string {
  if (low === null || high === null) return `~${write(expected)}`
  const [from, to] = [write(low), write(high)]
  if (from === to) return `~${from}`
  const unit = / \S+$/.exec(to)?.[0] ?? ''
  const isSame = unit !== '' && from.endsWith(unit) && !from.slice(0, -unit.length).includes(' ')
  return `${isSame ? from.slice(0, -unit.length) : from}–${to.replace(/^\$/, '')}`
}

/** No one needs the seconds of an hour that is estimated. */
function roughDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : duration(minutes * 60)
}
