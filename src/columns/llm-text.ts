import { z } from 'zod'
import { commonFields } from '../config/common-fields.ts'
import { oneOf } from '../config/scalars.ts'
import { defineColumn } from '../graph/kind.ts'
import { textOf } from '../graph/request.ts'
import { onCut, refuseCut } from './cut-answer.ts'
import { bindLlm, describeLlm, llmFields, llmTemplates } from './llm-column.ts'

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['llm-text']),
    ...llmFields,
    on_cut: onCut,
  })
  .describe('Text written by a model.')

/** Text written by a model. */
export const llmText = defineColumn({
  type: 'llm-text',
  schema,
  templates: llmTemplates,
  describe: (config, context) => describeLlm(config, context, 'string'),
  bind: (config, context) =>
    bindLlm(config, context, {
      read(reply) {
        if (config.on_cut === 'fail') refuseCut(reply, config.model_alias)
        return { value: textOf(reply.content).trim() }
      },
    }),
})
