import { oneOf } from '../config/scalars.ts'
import { CellFailure } from '../graph/failure.ts'
import { isCut, type ModelReply, textOf } from '../graph/request.ts'

/** What becomes of an answer that ended before the model was done. */
export const onCut = oneOf(['keep', 'fail'])
  .default('keep')
  .describe(
    'An answer that the token limit or a filter cut off: kept and counted, or a failure of its cell.',
  )

/** Throws the failure of a cell whose answer was cut off. */
export function refuseCut(reply: ModelReply, model: string): void {
  if (!isCut(reply)) return
  const { finishReason } = reply
  const isFiltered = /filter|safety|recitation/i.test(finishReason)
  throw new CellFailure(
    'answer-cut',
    isFiltered
      ? `The answer was cut off by a filter (${finishReason}), and on_cut is fail. Change the prompt, or keep such answers with on_cut: keep.`
      : `The answer was cut off at the token limit (${finishReason}, ${reply.usage.outputTokens} tokens), and on_cut is fail. Raise max_tokens of the model "${model}", or ask for a shorter answer.`,
    { raw: textOf(reply.content) },
  )
}
