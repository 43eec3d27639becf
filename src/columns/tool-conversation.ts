import { CellFailure } from '../graph/failure.ts'
import type {
  CellResult,
  Correction,
  RequestPurpose,
  Row,
  TaskContext,
  TaskGenerator,
  Turn,
} from '../graph/kind.ts'
import type { ChatRequest, Content, ModelReply, ModelRequest } from '../graph/request.ts'
import type { ToolBox } from '../graph/tool-box.ts'

type ToolCall = Extract<Content, { type: 'tool-call' }>

/** Answers in a row that ask for tools after the last turn; NeMo Data Designer has no bound. */
const mostRefused = 3

/** An answer, with what stands around it. */
interface Answered {
  reply: ModelReply
  correction: Correction | null
  /** The request it answers: all that was said before it. */
  request: ChatRequest
  /** What a conversation that begins anew begins with: it keeps what tools answered. */
  first: ChatRequest
  /** How often it was begun again. */
  restarts: number
}

export interface ToolConversationOptions {
  route: string
  tools: ToolBox
  prepare: (row: Row) => Promise<ChatRequest>
  finish: (answered: Answered) => CellResult | { again: ModelRequest }
}

/** A cell whose model may call tools before it answers; every request and every call is durable. */
export function toolConversation({
  route,
  tools,
  prepare,
  finish,
}: ToolConversationOptions): TaskGenerator {
  return {
    by: 'cell',
    requests: 'many',
    async run(row, context) {
      // First: a prompt that fails needs no server.
      const written = await prepare(row)
      const offered = await tools.list(context.signal)
      const ask = createAsker({ route, tools, context })
      const begun = await ask(offered.length === 0 ? written : { ...written, tools: offered })
      let { reply, request } = begun
      const earlier: Turn[] = []
      let correction: Correction | null = null
      let restarts = 0
      for (;;) {
        const result = finish({ reply, correction, request, first: begun.request, restarts })
        if (!('again' in result)) return result
        // The request of an answer's column is a chat, and so is what it asks again.
        const again = result.again as ChatRequest
        if (again === begun.request) restarts += 1
        earlier.push({ request, reply })
        ;({ reply, request } = await ask(again, { isCorrection: true }))
        correction = { number: earlier.length, request, earlier: [...earlier] }
      }
    },
  }
}

interface AskerOptions {
  route: string
  tools: ToolBox
  context: TaskContext
}

type Ask = (
  request: ChatRequest,
  about?: RequestPurpose,
) => Promise<{ request: ChatRequest; reply: ModelReply }>

/** Asks until the model answers instead of calling tools. The turns are those of the whole cell. */
function createAsker({ route, tools, context }: AskerOptions): Ask {
  let turns = 0
  return async (first, about) => {
    let request = first
    for (;;) {
      // What tools answer to a correction belongs to it.
      const reply = await context.request(route, request, request === first ? about : {})
      const content = withIds(reply.content, turns)
      const calls = content.filter((block) => block.type === 'tool-call')
      if (calls.length === 0) return { request, reply }
      turns += 1
      if (turns > tools.maxTurns + mostRefused) throw tooManyTurns(tools.maxTurns)
      const results =
        turns > tools.maxTurns
          ? calls.map((call) => resultOf(call, [refusal(tools.maxTurns)]))
          : await made(calls, tools, context)
      request = {
        ...request,
        messages: [
          ...request.messages,
          { role: 'assistant', content },
          { role: 'tool', content: results },
        ],
      }
    }
  }
}

/** All calls of a turn at once; they are asked for in their order, so that each has the same place in every session. */
async function made(
  calls: readonly ToolCall[],
  tools: ToolBox,
  context: TaskContext,
): Promise<Content[]> {
  const addressed = await Promise.all(
    calls.map(({ name, arguments: written }) => tools.address(name, written, context.signal)),
  )
  const answers = await Promise.all(
    addressed.map((call) =>
      'answer' in call
        ? Promise.resolve(call.answer)
        : answerOf(context.request(call.route, call.request)),
    ),
  )
  return calls.map((call, at) => resultOf(call, answers[at] ?? []))
}

async function answerOf(asked: Promise<ModelReply>): Promise<readonly Content[]> {
  return (await asked).content
}

function resultOf({ id }: ToolCall, content: readonly Content[]): Content {
  return { type: 'tool-result', id, content }
}

function refusal(maxTurns: number): Content {
  const text = `No more tools can be called: the limit of ${maxTurns} turns with tool calls is reached. Answer with what you have.`
  return { type: 'text', text }
}

function tooManyTurns(maxTurns: number): CellFailure {
  return new CellFailure(
    'tool-turns',
    `the model continued to call tools after ${maxTurns} turns and ${mostRefused} refusals; raise max_tool_call_turns, or simplify the task`,
  )
}

/** Some servers give calls no id, or all the same one. */
function withIds(content: readonly Content[], turn: number): readonly Content[] {
  const known = new Set<string>()
  return content.map((block, index) => {
    if (block.type !== 'tool-call') return block
    const id = block.id === '' || known.has(block.id) ? `call_${turn}_${index}` : block.id
    known.add(id)
    return { ...block, id }
  })
}
