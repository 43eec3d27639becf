import { z } from 'zod'
import type { Problem } from '../config/problem.ts'
import { refusedForNow } from '../config/json-form.ts'
import { flag, list, mapping, oneOf, text } from '../config/scalars.ts'
import { type BindContext, type ColumnDescription, defineColumn, type Row } from '../graph/kind.ts'
import { type ChatMessage, textMessage, textOf } from '../graph/request.ts'
import type { Value } from '../util/value.ts'
import { bindTemplate, templateStream } from './bind-template.ts'
import { commonFields } from '../config/common-fields.ts'
import { sampledParameter } from './sampled-parameter.ts'
import { onCut, refuseCut } from './cut-answer.ts'
import { describePrompt, describeTemplate, singleBraces } from './describe-template.ts'
import { traceModes, traceOf } from './trace.ts'

const schema = z
  .strictObject({
    ...commonFields,
    column_type: oneOf(['llm-text']),
    prompt: text().describe('The user message: a Jinja template over columns of the row.'),
    model_alias: text({ nonEmpty: true }).describe('The alias of an entry in model_configs.'),
    system_prompt: text()
      .nullable()
      .default(null)
      .describe('The system message: a template too; none is sent when it is empty.'),
    multi_modal_context: refusedForNow(list(mapping()).nullable().default(null), 'list').describe(
      'Images, audio and video beside the prompt. Not supported yet: refused.',
    ),
    tool_alias: refusedForNow(text().nullable().default(null), 'value').describe(
      'Tools the model may call. Not supported yet: refused.',
    ),
    with_trace: oneOf(traceModes)
      .default('none')
      .describe('Keeps the conversation in a column <name>__trace.'),
    extract_reasoning_content: flag()
      .default(false)
      .describe('Keeps what the model thought in a column <name>__reasoning_content.'),
    on_cut: onCut,
  })
  .describe('Text written by a model.')

type LlmTextConfig = z.output<typeof schema>

/** Text written by a model. */
export const llmText = defineColumn({
  type: 'llm-text',
  schema,
  templates: ['system_prompt', 'prompt'],
  describe(config, context): ColumnDescription {
    const { name, system_prompt: systemPrompt } = config
    const prompt = describePrompt(name, config.prompt, context, {
      hasOtherInput: config.multi_modal_context !== null,
    })
    const system = systemPrompt ? describeTemplate(systemPrompt, 'system_prompt', context) : null
    const systemPath = [...context.path, 'system_prompt']
    return {
      by: 'cell',
      pure: false,
      output: 'string',
      references: [...prompt.references, ...(system?.references ?? [])],
      routes: [{ name: config.model_alias, operation: 'chat', requests: 'one' }],
      sides: sidesOf(config),
      identity: context.modelIdentity(config.model_alias),
      problems: [
        ...prompt.problems,
        ...(system?.problems ?? []),
        ...singleBraces(name, systemPrompt ?? '', systemPath, context),
        ...unsupported(config, context.path),
      ],
    }
  },
  bind(config, context) {
    const { name, model_alias: route, with_trace: traceMode } = config
    const conversation = bindConversation(config, context)
    const parameters = context.model(route).inference_parameters
    const temperature = sampledParameter(
      parameters.temperature,
      context.random(`${name}/temperature`),
    )
    const topP = sampledParameter(parameters.top_p, context.random(`${name}/top_p`))
    return {
      by: 'cell',
      requests: 'one',
      route,
      prepare(row) {
        const drawnTemperature = temperature(row.index)
        const drawnTopP = topP(row.index)
        const messages = conversation(row)
        if (drawnTemperature === undefined && drawnTopP === undefined) {
          return { operation: 'chat', messages }
        }
        const sampling = {
          ...(drawnTemperature === undefined ? {} : { temperature: drawnTemperature }),
          ...(drawnTopP === undefined ? {} : { topP: drawnTopP }),
        }
        return { operation: 'chat', messages, sampling }
      },
      finish(reply, row) {
        if (config.on_cut === 'fail') refuseCut(reply, route)
        const sides: Value[] = []
        if (traceMode === 'last_message') sides.push(traceOf([], reply))
        // Rendered again rather than kept: nothing is remembered of a request on the wire.
        if (traceMode === 'all_messages') sides.push(traceOf(conversation(row), reply))
        if (config.extract_reasoning_content) sides.push(reply.reasoning?.trim() || null)
        return { value: textOf(reply.content).trim(), sides }
      },
    }
  },
})

function sidesOf(config: LlmTextConfig): NonNullable<ColumnDescription['sides']> {
  const { name, with_trace: trace, extract_reasoning_content: reasoning } = config
  return [
    ...(trace === 'none' ? [] : [{ name: `${name}__trace`, output: 'json' as const }]),
    ...(reasoning ? [{ name: `${name}__reasoning_content`, output: 'string' as const }] : []),
  ]
}

const notYet = {
  tool_alias: 'tools are not supported yet',
  multi_modal_context: 'images, audio and video are not supported yet',
} as const

function unsupported(config: LlmTextConfig, path: readonly (string | number)[]): Problem[] {
  const given = [
    ...(config.multi_modal_context?.length ? (['multi_modal_context'] as const) : []),
    ...(config.tool_alias === null ? [] : (['tool_alias'] as const)),
  ]
  return given.map((field) => ({
    level: 'error',
    code: 'unsupported',
    path: [...path, field],
    message: `Column '${config.name}' gives ${field}, and ${notYet[field]}`,
    suggestion: `Leave ${field} out.`,
  }))
}

/** The messages of a row: a system message when there is a system prompt, then the prompt. */
function bindConversation(
  { name, prompt, system_prompt: systemPrompt }: LlmTextConfig,
  context: BindContext,
): (row: Row) => ChatMessage[] {
  function bindPrompt(source: string, field: string): (row: Row) => string {
    const random = context.random(templateStream(name, field))
    return bindTemplate(source, { field, random, context })
  }
  // A prompt that is written empty is meant; one that comes out empty is a mistake in the row.
  const user = prompt === '' ? () => '' : bindPrompt(prompt, 'prompt')
  if (!systemPrompt) return (row) => [textMessage('user', user(row))]
  const system = bindPrompt(systemPrompt, 'system_prompt')
  return (row) => [textMessage('system', system(row)), textMessage('user', user(row))]
}
