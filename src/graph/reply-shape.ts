import type { ModelReply, ModelRequest, Usage } from './request.ts'

/**
 * What is wrong with what a provider answered, or null. Providers of users are programs that
 * no one type-checks: their mistakes fail cells and not the run.
 */
export function replyProblem(reply: unknown, request: ModelRequest['operation']): string | null {
  if (typeof reply !== 'object' || reply === null) return `it is ${shown(reply)}`
  // Checked field by field below.
  const { content, vectors, finishReason, reasoning, usage } = reply as Partial<ModelReply>
  if (!Array.isArray(content)) return '"content" is not a list'
  for (const block of content as unknown[]) {
    if (!isBlock(block)) return `"content" has a block of no known type: ${shown(block)}`
  }
  if (!isUsage(usage)) {
    return `"usage" must have inputTokens, cachedInputTokens, outputTokens, reasoningTokens and images as counts, and a cost that is a number or null; it is ${shown(usage)}`
  }
  if (typeof finishReason !== 'string') return '"finishReason" is not text'
  if (reasoning !== null && typeof reasoning !== 'string')
    return '"reasoning" is not text and not null'
  if (request !== 'embed') return null
  const isVectors = Array.isArray(vectors) && vectors.every((one) => one instanceof Float32Array)
  return isVectors ? null : '"vectors" is not a list of Float32Array'
}

/** The usage of a reply that is wrong otherwise: it was paid all the same. */
export function usageOfReply(reply: unknown): Usage | null {
  if (typeof reply !== 'object' || reply === null || !('usage' in reply)) return null
  return isUsage(reply.usage) ? reply.usage : null
}

function isBlock(block: unknown): boolean {
  if (typeof block !== 'object' || block === null) return false
  // Checked right here.
  const { type, text } = block as { type?: unknown; text?: unknown }
  if (type === 'text') return typeof text === 'string'
  return type === 'media' || type === 'tool-call' || type === 'tool-result'
}

function isUsage(usage: unknown): usage is Usage {
  if (typeof usage !== 'object' || usage === null) return false
  // Checked right here.
  const given = usage as Partial<Usage>
  return (
    isCount(given.inputTokens) &&
    isCount(given.cachedInputTokens) &&
    isCount(given.outputTokens) &&
    isCount(given.reasoningTokens) &&
    isCount(given.images) &&
    (given.cost === null || (typeof given.cost === 'number' && Number.isFinite(given.cost)))
  )
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function shown(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 200)
  } catch {
    // What can't be written as JSON is named by its type.
    return `a ${typeof value}`
  }
}
