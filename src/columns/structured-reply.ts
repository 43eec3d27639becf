import { isCut, type ModelReply, textOf } from '../graph/request.ts'
import type { Value } from '../util/value.ts'
import type { AnswerSchema } from './answer-schema.ts'
import { findJson } from './find-json.ts'
import type { Unusable } from './unusable-answer.ts'

const wish = 'Answer again with the whole JSON, and with nothing else.'

/** The value of an answer in the form of a schema: of several in it, the one that fits. */
export function readStructured(
  reply: ModelReply,
  schema: AnswerSchema,
): { value: Value } | Unusable {
  const { candidates, problem } = findJson(textOf(reply.content), { cut: isCut(reply) })
  if (problem !== null) return { code: 'answer-without-json', problem, request: wish }
  let problems: readonly string[] = []
  for (const candidate of candidates) {
    const read = schema.read(candidate.value, candidate)
    if ('value' in read) return read
    // The most likely one is what the model knows.
    if (problems.length === 0) problems = read.problems
  }
  return { code: 'answer-does-not-fit', problem: problems.join('; '), request: wish }
}
