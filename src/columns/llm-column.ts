import type { z } from 'zod'
import type { Problem } from '../config/problem.ts'
import { refusedForNow } from '../config/json-form.ts'
import { flag, list, mapping, oneOf, text } from '../config/scalars.ts'
import type { ColumnConfig } from '../config/dataset.ts'
import type { ColumnType } from '../graph/column-type.ts'
import type {
  Again,
  BindContext,
  CellResult,
  ColumnDescription,
  Correction,
  DescribeContext,
  RequestGenerator,
  Row,
  TaskGenerator,
} from '../graph/kind.ts'
import {
  type ChatMessage,
  type ChatRequest,
  type ModelReply,
  textMessage,
} from '../graph/request.ts'
import type { Value } from '../util/value.ts'
import { bindTemplate, templateStream } from './bind-template.ts'
import { createCorrector, messagesOf, type Unusable } from './unusable-answer.ts'
import { describePrompt, describeTemplate, singleBraces } from './describe-template.ts'
import { sampledParameter } from './sampled-parameter.ts'
import { toolConversation } from './tool-conversation.ts'
import { traceModes, traceOf } from './trace.ts'

/** The fields of every kind whose cells are answers of a model. */
export const llmFields = {
  prompt: text().describe('The user message: a Jinja template over columns of the row.'),
  model_alias: text({ nonEmpty: true }).describe('The alias of an entry in model_configs.'),
  system_prompt: text()
    .nullable()
    .default(null)
    .describe('The system message: a template too; none is sent when it is empty.'),
  multi_modal_context: refusedForNow(list(mapping()).nullable().default(null), 'list').describe(
    'Images, audio and video beside the prompt. Not supported yet: refused.',
  ),
  tool_alias: text({ nonEmpty: true })
    .nullable()
    .default(null)
    .describe('The alias of an entry in tool_configs: tools the model may call before it answers.'),
  with_trace: oneOf(traceModes)
    .default('none')
    .describe('Keeps the conversation in a column <name>__trace.'),
  extract_reasoning_content: flag()
    .default(false)
    .describe('Keeps what the model thought in a column <name>__reasoning_content.'),
} as const

/** Templates of those kinds, in the order in which a person would read their texts. */
export const llmTemplates = ['system_prompt', 'prompt'] as const

export type LlmConfig = ColumnConfig & {
  [Field in keyof typeof llmFields]: z.output<(typeof llmFields)[Field]>
}

/** Describes a column whose cells are one answer of a model each. */
export function describeLlm(
  config: LlmConfig,
  context: DescribeContext,
  output: ColumnType,
): ColumnDescription {
  const { name, system_prompt: systemPrompt } = config
  const prompt = describePrompt(name, config.prompt, context, {
    hasOtherInput: config.multi_modal_context !== null,
  })
  const system = systemPrompt ? describeTemplate(systemPrompt, 'system_prompt', context) : null
  const systemPath = [...context.path, 'system_prompt']
  return {
    by: 'cell',
    pure: false,
    output,
    references: [...prompt.references, ...(system?.references ?? [])],
    routes: [
      {
        name: config.model_alias,
        operation: 'chat',
        requests: config.tool_alias === null ? 'one' : 'many',
      },
    ],
    tools: config.tool_alias === null ? [] : [config.tool_alias],
    sides: sidesOf(config),
    identity: identityOf(config, context),
    problems: [
      ...prompt.problems,
      ...(system?.problems ?? []),
      ...singleBraces(name, systemPrompt ?? '', systemPath, context),
      ...unsupported(config, context.path),
    ],
  }
}

function identityOf({ model_alias, tool_alias }: LlmConfig, context: DescribeContext): unknown {
  const model = context.modelIdentity(model_alias)
  return tool_alias === null ? model : { model, tools: context.toolIdentity(tool_alias) }
}

/** How a kind asks for its answers and reads them. */
export interface AnswerForm {
  /** Said behind the prompt: the form the answer has to have. */
  instructions?: string
  /** The form for providers that can hold a model to it. */
  format?: ChatRequest['format']
  /** The value of an answer, or why there is none. */
  read: (reply: ModelReply) => { value: Value } | Unusable
}

/** The generator of a column whose cells are answers: asks again where one can't be used. */
export function bindLlm(
  config: LlmConfig,
  context: BindContext,
  { instructions, format, read }: AnswerForm,
): RequestGenerator | TaskGenerator {
  const { name, model_alias: route, tool_alias: toolAlias, with_trace: traceMode } = config
  const conversation = bindConversation(config, context, instructions)
  const parameters = context.model(route).inference_parameters
  const temperature = sampledParameter(
    parameters.temperature,
    context.random(`${name}/temperature`),
  )
  const topP = sampledParameter(parameters.top_p, context.random(`${name}/top_p`))
  const corrector = createCorrector(context.corrections)

  function prepare(row: Row): ChatRequest {
    const drawnTemperature = temperature(row.index)
    const drawnTopP = topP(row.index)
    const request: ChatRequest = {
      operation: 'chat',
      messages: conversation(row),
      // Most servers that hold a model to a form then let it call no tool.
      ...(format === undefined || toolAlias !== null ? {} : { format }),
    }
    if (drawnTemperature === undefined && drawnTopP === undefined) return request
    const sampling = {
      ...(drawnTemperature === undefined ? {} : { temperature: drawnTemperature }),
      ...(drawnTopP === undefined ? {} : { topP: drawnTopP }),
    }
    return { ...request, sampling }
  }

  function finish(
    reply: ModelReply,
    correction: Correction | null,
    before: { first: () => ChatRequest; said: () => readonly ChatMessage[]; restarts?: number },
  ): CellResult | Again {
    const answer = read(reply)
    if (!('value' in answer)) {
      const { first, restarts } = before
      return corrector(answer, {
        reply,
        correction,
        first,
        ...(restarts === undefined ? {} : { restarts }),
      })
    }
    const sides: Value[] = []
    if (traceMode === 'last_message') sides.push(traceOf([], reply))
    if (traceMode === 'all_messages') sides.push(traceOf(before.said(), reply))
    if (config.extract_reasoning_content) sides.push(reply.reasoning?.trim() || null)
    return { value: answer.value, sides }
  }

  if (toolAlias !== null) {
    return toolConversation({
      route,
      tools: context.tools(toolAlias),
      prepare,
      finish: ({ reply, correction, request, first, restarts }) =>
        finish(reply, correction, { first: () => first, said: () => request.messages, restarts }),
    })
  }
  return {
    by: 'cell',
    requests: 'one',
    route,
    prepare,
    finish: (reply, row, correction) =>
      finish(reply, correction, {
        // A request is made again rather than kept: nothing is remembered of one on the wire.
        first: () => prepare(row),
        said: () => (correction === null ? conversation(row) : messagesOf(correction.request)),
      }),
  }
}

function sidesOf(config: LlmConfig): NonNullable<ColumnDescription['sides']> {
  const { name, with_trace: trace, extract_reasoning_content: reasoning } = config
  return [
    ...(trace === 'none' ? [] : [{ name: `${name}__trace`, output: 'json' as const }]),
    ...(reasoning ? [{ name: `${name}__reasoning_content`, output: 'string' as const }] : []),
  ]
}

const notYet = {
  multi_modal_context: 'images, audio and video are not supported yet',
} as const

function unsupported(config: LlmConfig, path: readonly (string | number)[]): Problem[] {
  const given = config.multi_modal_context?.length ? (['multi_modal_context'] as const) : []
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
  { name, prompt, system_prompt: systemPrompt }: LlmConfig,
  context: BindContext,
  instructions: string | undefined,
): (row: Row) => ChatMessage[] {
  function bindPrompt(source: string, field: string): (row: Row) => string {
    const random = context.random(templateStream(name, field))
    return bindTemplate(source, { field, random, context })
  }
  // A prompt that is written empty is meant; one that comes out empty is a mistake in the row.
  const written = prompt === '' ? () => '' : bindPrompt(prompt, 'prompt')
  const user =
    instructions === undefined
      ? written
      : (row: Row) => [written(row), instructions].filter((part) => part !== '').join('\n\n')
  if (!systemPrompt) return (row) => [textMessage('user', user(row))]
  const system = bindPrompt(systemPrompt, 'system_prompt')
  return (row) => [textMessage('system', system(row)), textMessage('user', user(row))]
}
