import type { z } from 'zod'
import { flag, oneOf, text } from '../config/scalars.ts'
import type { ColumnConfig } from '../config/dataset.ts'
import type { ColumnType } from '../graph/column-type.ts'
import type {
  Again,
  BindContext,
  CellResult,
  ColumnDescription,
  ColumnRoute,
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
import { toolRoute } from '../graph/tool-box.ts'
import { asConversation } from '../scheduler/corrections.ts'
import type { Value } from '../util/value.ts'
import { bindTemplate, templateStream } from './bind-template.ts'
import { bindSharedBeginning, keepsPrefixes } from './shared-beginning.ts'
import { createCorrector, messagesOf, type Unusable } from './unusable-answer.ts'
import { describePrompt, describeTemplate, singleBraces } from './describe-template.ts'
import { bindMedia, hasMedia, mediaField, mediaProblems, mediaReferences } from './media-context.ts'
import { placeMedia } from './place-media.ts'
import type { MediaBlock } from './read-media.ts'
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
  multi_modal_context: mediaField,
  tool_alias: text({ nonEmpty: true })
    .nullable()
    .default(null)
    .describe('The alias of an entry in tool_configs: tools the model may call before it answers.'),
  with_trace: oneOf(traceModes)
    .default('none')
    .describe('Keeps the conversation in a column <name>__trace.'),
  extract_reasoning_content: flag()
    .default(false)
    .describe("Stores the model's reasoning in a column <name>__reasoning_content."),
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
    references: [
      ...prompt.references,
      ...(system?.references ?? []),
      ...mediaReferences(config, context),
    ],
    routes: [
      {
        name: config.model_alias,
        operation: 'chat',
        requests: hasMedia(config) || config.tool_alias !== null ? 'many' : 'one',
      },
      ...toolRoutes(config, context),
    ],
    tools: config.tool_alias === null ? [] : [config.tool_alias],
    sides: sidesOf(config),
    identity: identityOf(config, context),
    problems: [
      ...prompt.problems,
      ...(system?.problems ?? []),
      ...mediaProblems(context),
      ...singleBraces(name, systemPrompt ?? '', systemPath, context),
    ],
  }
}

function toolRoutes({ tool_alias: alias }: LlmConfig, context: DescribeContext): ColumnRoute[] {
  const servers = alias === null ? [] : context.toolServers(alias)
  return servers.map((server) => ({
    name: toolRoute(server),
    operation: 'call',
    requests: 'many',
    isFollowUp: true,
  }))
}

function identityOf({ model_alias, tool_alias }: LlmConfig, context: DescribeContext): unknown {
  const model = context.modelIdentity(model_alias)
  return tool_alias === null ? model : { model, tools: context.toolIdentity(tool_alias) }
}

/** How a kind asks for its answers and reads them. */
export interface AnswerForm {
  /** Said behind the prompt: the form the answer must have. */
  instructions?: string
  /** The form for providers that can hold a model to it. */
  format?: ChatRequest['format']
  /** The value of an answer, or why there is none. */
  read: (reply: ModelReply) => { value: Value } | Unusable
}

/**
 * The generator of a column whose cells are answers: asks again where one can't be used. Media are read
 * before a cell asks, and tools are called between its requests: then it is a conversation from its
 * beginning.
 */
export function bindLlm(
  config: LlmConfig,
  context: BindContext,
  form: AnswerForm,
): RequestGenerator | TaskGenerator {
  const { model_alias: route, tool_alias: toolAlias } = config
  const { prepare, finish } = bindAnswers(config, context, form)
  const mediaOf = hasMedia(config) ? bindMedia(config, context) : () => Promise.resolve([])
  if (toolAlias !== null) {
    return toolConversation({
      route,
      tools: context.tools(toolAlias),
      prepare: async (row) => prepare(row, await mediaOf(row)),
      finish: ({ reply, correction, request, first, restarts }) =>
        finish(reply, correction, { first: () => first, said: () => request.messages, restarts }),
    })
  }
  const answers = (media: readonly MediaBlock[]): RequestGenerator => ({
    by: 'cell',
    requests: 'one',
    route,
    prepare: (row) => prepare(row, media),
    finish(reply, row, correction) {
      // A request is made again rather than kept: nothing is remembered of one in flight.
      const first = (): ChatRequest => prepare(row, media)
      const said = (): readonly ChatMessage[] =>
        correction === null ? first().messages : messagesOf(correction.request)
      return finish(reply, correction, { first, said })
    },
  })
  if (!hasMedia(config)) return answers([])
  return {
    by: 'cell',
    requests: 'many',
    run: async (row, task) => asConversation(answers(await mediaOf(row))).run(row, task),
  }
}

/** What was said before an answer. */
interface Before {
  /** The request that a conversation which begins anew begins with. */
  first: () => ChatRequest
  said: () => readonly ChatMessage[]
  /** How often it was begun again, where that is counted. */
  restarts?: number
}

interface Answers {
  prepare: (row: Row, media: readonly MediaBlock[]) => ChatRequest
  finish: (reply: ModelReply, correction: Correction | null, before: Before) => CellResult | Again
}

function bindAnswers(
  config: LlmConfig,
  context: BindContext,
  { instructions, format, read }: AnswerForm,
): Answers {
  const { name, model_alias: route, tool_alias: toolAlias, with_trace: traceMode } = config
  const conversation = bindConversation(config, context, instructions)
  const model = context.model(route)
  const parameters = model.inference_parameters
  const shared = keepsPrefixes(model) ? bindSharedBeginning(config.prompt, context) : null
  const temperature = sampledParameter(
    parameters.temperature,
    context.random(`${name}/temperature`),
  )
  const topP = sampledParameter(parameters.top_p, context.random(`${name}/top_p`))
  const corrector = createCorrector(context.corrections)

  return {
    prepare(row, media) {
      const drawnTemperature = temperature(row.index)
      const drawnTopP = topP(row.index)
      const messages = conversation(row, media)
      const request: ChatRequest = {
        operation: 'chat',
        messages,
        // Most servers that hold a model to a form then let it call no tool.
        ...(format === undefined || toolAlias !== null ? {} : { format }),
        ...shared?.(messages, row),
      }
      if (drawnTemperature === undefined && drawnTopP === undefined) return request
      const sampling = {
        ...(drawnTemperature === undefined ? {} : { temperature: drawnTemperature }),
        ...(drawnTopP === undefined ? {} : { topP: drawnTopP }),
      }
      return { ...request, sampling }
    },
    finish(reply, correction, { first, said, restarts }) {
      const answer = read(reply)
      if (!('value' in answer)) {
        const counted = restarts === undefined ? {} : { restarts }
        return corrector(answer, { reply, correction, first, ...counted })
      }
      const sides: Value[] = []
      if (traceMode === 'last_message') sides.push(traceOf([], reply))
      if (traceMode === 'all_messages') sides.push(traceOf(said(), reply))
      if (config.extract_reasoning_content) sides.push(reply.reasoning?.trim() || null)
      return { value: answer.value, sides }
    },
  }
}

function sidesOf(config: LlmConfig): NonNullable<ColumnDescription['sides']> {
  const { name, with_trace: trace, extract_reasoning_content: reasoning } = config
  return [
    ...(trace === 'none' ? [] : [{ name: `${name}__trace`, output: 'json' as const }]),
    ...(reasoning ? [{ name: `${name}__reasoning_content`, output: 'string' as const }] : []),
  ]
}

/** The messages of a row: a system message when there is a system prompt, then the prompt. */
function bindConversation(
  { name, prompt, system_prompt: systemPrompt }: LlmConfig,
  context: BindContext,
  instructions: string | undefined,
): (row: Row, media: readonly MediaBlock[]) => ChatMessage[] {
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
  const said = (row: Row, media: readonly MediaBlock[]): ChatMessage =>
    media.length === 0
      ? textMessage('user', user(row))
      : { role: 'user', content: placeMedia(user(row), media) }
  if (!systemPrompt) return (row, media) => [said(row, media)]
  const system = bindPrompt(systemPrompt, 'system_prompt')
  return (row, media) => [textMessage('system', system(row)), said(row, media)]
}
