import { isCut, type ModelReply, textOf } from '../graph/request.ts'
import { type CodeLanguage, fenceOf, isFenceOf, languageName } from './code-languages.ts'
import { fencedBlocks, withoutThinking } from './reply-blocks.ts'
import type { Unusable } from './unusable-answer.ts'

/**
 * The code of an answer: its last block of the language, or else its last one that names none. A
 * block that the end of a cut answer closes is not whole.
 */
export function readCode(reply: ModelReply, language: CodeLanguage): { value: string } | Unusable {
  const blocks = fencedBlocks(withoutThinking(textOf(reply.content))).filter(
    ({ closed, body }) => (closed || !isCut(reply)) && body.trim() !== '',
  )
  const block =
    blocks.findLast(({ language: word }) => isFenceOf(word, language)) ??
    blocks.findLast(({ language: word }) => word === '')
  if (block !== undefined) return { value: block.body.trim() }
  const other = blocks.at(-1)?.language
  return {
    code: 'answer-without-code',
    problem:
      other === undefined
        ? 'it has no block of code'
        : `its block of code is marked as ${JSON.stringify(other)} and not as ${languageName(language)}`,
    request: `Answer again with the whole code in one block that begins with \`\`\`${fenceOf(language)}.`,
  }
}
