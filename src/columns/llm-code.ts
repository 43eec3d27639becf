import { z } from 'zod'
import { oneOf } from '../config/scalars.ts'
import { defineColumn } from '../graph/kind.ts'
import { codeLanguages, fenceOf, languageName } from './code-languages.ts'
import { readCode } from './code-reply.ts'
import { commonFields } from '../config/common-fields.ts'
import { bindLlm, describeLlm, llmFields, llmTemplates } from './llm-column.ts'

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['llm-code']),
    ...llmFields,
    code_lang: oneOf(codeLanguages).describe('The language of the code.'),
  })
  .describe('Code written by a model.')

/** Code written by a model, without what it says around it. */
export const llmCode = defineColumn({
  type: 'llm-code',
  schema,
  templates: llmTemplates,
  instructions,
  describe: (config, context) => describeLlm(config, context, 'string'),
  bind(config, context) {
    const { code_lang: language } = config
    return bindLlm(config, context, {
      instructions: instructions(config),
      read: (reply) => readCode(reply, language),
    })
  },
})

function instructions({ code_lang: language }: z.output<typeof schema>): string {
  return `Answer with ${languageName(language)} code in one Markdown block that begins with \`\`\`${fenceOf(language)}, and with no other block. Follow the common style of the language.`
}
