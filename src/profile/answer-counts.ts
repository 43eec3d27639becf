import type { OutputMode } from '../config/output-mode.ts'
import { addUsage, noUsage, type Usage } from '../graph/request.ts'
import { compact, counted, grouped } from '../util/format.ts'

/** Answers of a form that were made in one way, and what they cost. */
export interface ModeUsage extends Usage {
  readonly answers: number
}

/** What the answers of a route were, in addition to what they cost. */
export interface AnswerCounts {
  /** Those that called tools. */
  readonly toolTurns: number
  /** The calls in them. */
  readonly toolCalls: number
  /** Those that were asked for because the answer before could not be used. */
  readonly corrections: number
  /** Those that came from the cache: no request was sent for them. */
  readonly cached: number
  /** Those of a form, by how the model was held to it. */
  readonly byMode: Readonly<Partial<Record<OutputMode, ModeUsage>>>
}

export const noAnswerCounts: AnswerCounts = {
  toolTurns: 0,
  toolCalls: 0,
  corrections: 0,
  cached: 0,
  byMode: {},
}

export function addAnswerCounts(one: AnswerCounts, other: AnswerCounts): AnswerCounts {
  const byMode = { ...one.byMode }
  for (const [mode, { answers, ...usage }] of modesOf(other)) {
    const known = byMode[mode] ?? { answers: 0, ...noUsage }
    byMode[mode] = { answers: known.answers + answers, ...addUsage(usageOf(known), usage) }
  }
  return {
    toolTurns: one.toolTurns + other.toolTurns,
    toolCalls: one.toolCalls + other.toolCalls,
    corrections: one.corrections + other.corrections,
    cached: one.cached + other.cached,
    byMode,
  }
}

/** For people: `12 tool calls in 8 answers`; empty where there is nothing to tell. */
export function answerCountTexts(counts: AnswerCounts): string[] {
  const { toolTurns, toolCalls, corrections, cached } = counts
  const modes = modesOf(counts).map(
    ([mode, { answers, inputTokens, outputTokens }]) =>
      `${grouped(answers)} by ${mode} (${compact(inputTokens)} tokens in, ${compact(outputTokens)} out)`,
  )
  return [
    ...(toolCalls > 0
      ? [`${counted(toolCalls, 'tool call')} in ${counted(toolTurns, 'answer')}`]
      : []),
    ...(cached > 0 ? [`${grouped(cached)} from the cache`] : []),
    ...(corrections > 0 ? [counted(corrections, 'correction')] : []),
    ...(modes.length > 0 ? [`answers of a form: ${modes.join(', ')}`] : []),
  ]
}

function modesOf({ byMode }: AnswerCounts): [OutputMode, ModeUsage][] {
  // The keys of such a record are modes: it is made of nothing else.
  return Object.entries(byMode) as [OutputMode, ModeUsage][]
}

function usageOf({ answers: _answers, ...usage }: ModeUsage): Usage {
  return usage
}
