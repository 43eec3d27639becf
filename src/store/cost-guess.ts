import type { Usage } from '../graph/request.ts'

type Tokens = Pick<Usage, 'inputTokens' | 'cachedInputTokens' | 'outputTokens' | 'images'>

/** Guesses what a request cost by those before it: prices per token are the same for most of them. */
export interface CostGuess {
  /** In whole units; null while nothing is known. */
  of(tokens: Tokens): number | null
  /** Receives each cost that was guessed wrong. */
  learn(tokens: Tokens, units: number): void
}

/**
 * The price of a token that is sent and of one that is answered come from two requests, that of a kept
 * one from a third. Writer and reader of a log see the same costs in the same order, so they guess alike.
 */
export function createCostGuess(): CostGuess {
  let last: { input: number; output: number; units: number } | null = null
  let prices: { input: number; output: number } | null = null
  let ofCached: number | null = null

  return {
    of({ inputTokens, cachedInputTokens: cached, outputTokens, images }) {
      if (prices === null || images > 0 || (cached > 0 && ofCached === null)) return null
      const { input, output } = prices
      return (inputTokens - cached) * input + cached * (ofCached ?? 0) + outputTokens * output
    },
    learn({ inputTokens: input, cachedInputTokens: cached, outputTokens: output, images }, units) {
      if (images > 0) return
      if (cached > 0) {
        if (prices === null) return
        const rest = units - (input - cached) * prices.input - output * prices.output
        ofCached = Math.round(rest / cached)
        return
      }
      const before = last
      last = { input, output, units }
      if (before === null) return
      const divisor = before.input * output - input * before.output
      if (divisor === 0) return
      const ofInput = Math.round((before.units * output - units * before.output) / divisor)
      const ofOutput = Math.round((before.input * units - input * before.units) / divisor)
      prices = { input: ofInput, output: ofOutput }
      ofCached = null
    },
  }
}
