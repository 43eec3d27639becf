import type { ModelConfig } from '../config/dataset.ts'
import { operationOf } from '../graph/generation-operation.ts'
import { CellFailure } from '../graph/failure.ts'
import type { BindContext, TaskContext } from '../graph/kind.ts'
import { type ModelRequest, type Operation, textMessage, textOf } from '../graph/request.ts'
import { nearest } from '../util/near-miss.ts'
import type { CustomContext } from './define-custom.ts'
import { keepsPrefixes, sharedBeginning } from './shared-beginning.ts'
import { sampledParameter, type SampledParameter } from './sampled-parameter.ts'
import { userValue, valueOfUser } from '../graph/user-values.ts'

/** What is the same for all cells of a custom column. */
export interface CustomSetting {
  readonly name: string
  readonly params: Readonly<Record<string, unknown>>
  readonly aliases: readonly string[]
}

/**
 * Makes the context of a cell; without a task it can't ask or do anything that costs. `read` is what its function
 * reads of the row.
 */
export type ContextFor = (
  row: number,
  task: TaskContext | AbortSignal | null,
  read?: object,
) => CustomContext

const never = new AbortController().signal

export function bindCustomContext(
  { name, params, aliases }: CustomSetting,
  bind: BindContext,
): ContextFor {
  const models = new Map(
    aliases.map((alias) => [alias, boundModel(alias, bind.model(alias), { name, bind })] as const),
  )

  return (row, task, read = {}) => {
    // Each cell has draws of its own: cells are at work at the same time.
    let random: ReturnType<BindContext['random']> | null = null
    const full = task !== null && 'request' in task ? task : null
    const signal = full?.signal ?? (task instanceof AbortSignal ? task : never)

    const send: CustomContext['request'] = async (alias, message) => {
      const model = models.get(alias)
      if (model === undefined) throw undeclaredAlias(alias, aliases)
      if (full === null) throw new CellFailure('no-requests', 'this function asks no models')
      checkRequest(message, alias, model.operation)
      return full.request(alias, model.shared(model.sampled(message, row), read))
    }

    const ask: CustomContext['ask'] = async (alias, prompt, { system } = {}) => {
      const asked = typeof prompt === 'string' ? [textMessage('user', prompt)] : prompt
      const messages = system === undefined ? asked : [textMessage('system', system), ...asked]
      const reply = await send(alias, { operation: 'chat', messages })
      return textOf(reply.content).trim()
    }

    const step: CustomContext['step'] = async (title, input, run) => {
      if (full === null) {
        throw new CellFailure(
          'no-steps',
          'a function that is pure, or of a whole column, has no steps',
        )
      }
      const value = await full.step(title, input, async (stop) =>
        valueOfUser((await run(stop)) ?? null),
      )
      // What was written down is what the function gave, as plain data.
      return userValue(value) as Awaited<ReturnType<typeof run>>
    }

    return {
      column: name,
      row,
      params,
      signal,
      random: () => (random ??= bind.random().at(row)).uniform(),
      request: (alias, message) => unwatched(send(alias, message)),
      ask: (alias, prompt, options) => unwatched(ask(alias, prompt, options)),
      step: (title, input, run) => unwatched(step(title, input, run)),
    }
  }
}

/** What a function does not wait for must not end the process when it is rejected. */
function unwatched<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined)
  return promise
}

interface BoundModel {
  readonly operation: Operation
  /** The request with what is drawn for its row. */
  readonly sampled: (request: ModelRequest, row: number) => ModelRequest
  /** The request with what those of other rows may begin with, where that matters. */
  readonly shared: (request: ModelRequest, read: object) => ModelRequest
}

function boundModel(
  alias: string,
  config: ModelConfig,
  { name, bind }: { name: string; bind: BindContext },
): BoundModel {
  const { inference_parameters: parameters } = config
  const keeps = keepsPrefixes(config)
  const drawn = (field: 'temperature' | 'top_p'): SampledParameter =>
    sampledParameter(parameters[field], bind.random(`${name}/${alias}/${field}`))
  const [temperature, topP] = [drawn('temperature'), drawn('top_p')]
  return {
    operation: operationOf[parameters.generation_type],
    shared(request, read) {
      if (!keeps || request.operation !== 'chat') return request
      return { ...sharedBeginning(request.messages, Object.values(read)), ...request }
    },
    sampled(request, row) {
      if (request.operation !== 'chat' || request.sampling !== undefined) return request
      const own = { temperature: temperature(row), topP: topP(row) }
      if (own.temperature === undefined && own.topP === undefined) return request
      return {
        ...request,
        sampling: {
          ...(own.temperature === undefined ? {} : { temperature: own.temperature }),
          ...(own.topP === undefined ? {} : { topP: own.topP }),
        },
      }
    },
  }
}

function undeclaredAlias(alias: string, aliases: readonly string[]): CellFailure {
  const near = nearest(alias, aliases)
  const declared = aliases.length === 0 ? 'it names none' : `it names ${aliases.join(', ')}`
  return new CellFailure(
    'undeclared-alias',
    `the function asks the model alias '${alias}', which is not in its model_aliases: ${declared}${near === undefined ? '' : `; did you mean '${near}'?`}`,
  )
}

/** Functions in JavaScript have no one who checks what they ask. */
function checkRequest(request: unknown, alias: string, operation: Operation): void {
  const asked = typeof request === 'object' && request !== null ? request : {}
  const found: unknown = 'operation' in asked ? asked.operation : undefined
  if (found !== operation) {
    throw new CellFailure(
      'wrong-request',
      `a request to the model alias '${alias}' has operation '${operation}', got ${found === undefined ? 'none' : JSON.stringify(found)}`,
    )
  }
  const messages: unknown = 'messages' in asked ? asked.messages : undefined
  if (operation !== 'chat') return
  if (Array.isArray(messages) && messages.length > 0 && messages.every(isMessage)) return
  throw new CellFailure(
    'wrong-request',
    `a request to the model alias '${alias}' needs messages, each with a role and a list as content, such as textMessage('user', '…')`,
  )
}

function isMessage(message: unknown): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'role' in message &&
    'content' in message &&
    Array.isArray(message.content)
  )
}
