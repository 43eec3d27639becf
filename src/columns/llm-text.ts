import { z } from 'zod'
import { oneOf } from '../config/scalars.ts'
import { defineColumn } from '../graph/kind.ts'
import { textOf } from '../graph/request.ts'
import { commonFields } from '../config/common-fields.ts'
import { bindLlm, describeLlm, llmFields, llmTemplates } from './llm-column.ts'

const schema = z
  .strictObject({ ...commonFields, column_type: oneOf(['llm-text']), ...llmFields })
  .describe('Text written by a model.')

/** Text written by a model. */
export const llmText = defineColumn({
  type: 'llm-text',
  schema,
  templates: llmTemplates,
  describe: (config, context) => describeLlm(config, context, 'string'),
  bind: (config, context) =>
    bindLlm(config, context, { read: ({ content }) => ({ value: textOf(content).trim() }) }),
})
