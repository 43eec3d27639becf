import type { CallToolResult } from '@modelcontextprotocol/client'
import type { McpProvider } from '../config/dataset.ts'
import type { Tool } from '../graph/request.ts'
import { messageOf } from '../util/errors.ts'
import { openTransport, type TransportContext } from './mcp-transport.ts'
import { failureOfStatus, type SessionFailure } from './session-failure.ts'
import type { ToolBlock, ToolResult } from './tool-content.ts'

export interface AskOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/** The outcome of a call: an answer, or why the tool gave none. */
type CallOutcome = { readonly result: ToolResult } | { readonly failure: string }

/** A connection to a server. Calls on it may overlap. */
export interface McpSession {
  /** Rejects where there is no answer. */
  list(options: AskOptions): Promise<readonly Tool[]>
  /**
   * Rejects with a `SessionLost` where the session ended, with a `NoSession` where the server refused the
   * call before it reached a tool, or with the signal's reason.
   */
  call(name: string, input: object, options: AskOptions): Promise<CallOutcome>
  /** It ended. */
  readonly isLost: boolean
  close(): Promise<void>
}

/** The connection is missing: whatever was asked on it has no answer. */
export class SessionLost extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
    this.name = 'SessionLost'
  }
}

/** There is no connection; the message is for a person. */
export class NoSession extends Error {
  readonly failure: SessionFailure

  constructor(message: string, failure: SessionFailure, cause: unknown) {
    super(message, { cause })
    this.name = 'NoSession'
    this.failure = failure
  }
}

/** Connects to a server, or rejects with a `NoSession`. */
export async function openSession(
  provider: McpProvider,
  context: TransportContext,
  options: AskOptions,
): Promise<McpSession> {
  // Loaded on first use: most runs have no tools.
  const { Client, ProtocolError, SdkError, SdkErrorCode, SdkHttpError, UnauthorizedError } =
    await import('@modelcontextprotocol/client')
  const { transport, lastWords } = await openTransport(provider, context)
  const client = new Client({ name: 'rowsmith', version: '1' })
  let isLost = false
  Object.assign(client, {
    onclose() {
      isLost = true
    },
    // What goes wrong with a request rejects the request; what is left are remarks.
    onerror: () => undefined,
  })
  try {
    await client.connect(transport, asked(options))
  } catch (error) {
    await close()
    options.signal.throwIfAborted()
    const words = lastWords()
    const said = words === '' ? '' : `; its last words were: ${words}`
    throw new NoSession(`${reasonOf(error)}${said}`, connectFailure(error), error)
  }

  async function close(): Promise<void> {
    // A server that is missing can't be determined.
    await client.close().catch(() => undefined)
  }

  function statusOf(error: unknown): number | null {
    if (error instanceof UnauthorizedError) return 401
    return SdkHttpError.isInstance(error) ? error.status : null
  }

  function connectFailure(error: unknown): SessionFailure {
    const isTimeout = SdkError.isInstance(error) && error.code === SdkErrorCode.RequestTimeout
    return isTimeout ? 'timeout' : failureOfStatus(statusOf(error))
  }

  /** Why a tool gave no answer; null when the connection is what failed. */
  function failureOf(error: unknown, { timeoutMs }: AskOptions): string | null {
    if (ProtocolError.isInstance(error)) return error.message
    if (!SdkError.isInstance(error)) return null
    if (error.code === SdkErrorCode.RequestTimeout) {
      return `it gave no answer within ${timeoutMs / 1000} s`
    }
    const ownFaults: readonly string[] = [
      SdkErrorCode.InvalidResult,
      SdkErrorCode.UnsupportedResultType,
    ]
    return ownFaults.includes(error.code)
      ? `its answer is not of the protocol: ${error.message}`
      : null
  }

  return {
    async list(how) {
      // The client would print that, and answer with none.
      if (client.getServerCapabilities()?.tools === undefined) {
        throw new Error('it offers no tools')
      }
      const { tools } = await client.listTools(undefined, asked(how))
      return tools.map(({ name, description, inputSchema }) => ({
        name,
        ...(description === undefined ? {} : { description }),
        schema: inputSchema,
      }))
    },
    async call(name, input, how) {
      const params = { name, arguments: { ...input } }
      try {
        const answer = await client.request({ method: 'tools/call', params }, asked(how))
        return { result: resultOf(answer) }
      } catch (error) {
        how.signal.throwIfAborted()
        if (statusOf(error) === 429) throw new NoSession(messageOf(error), 'throttled', error)
        const failure = failureOf(error, how)
        if (failure === null) throw new SessionLost(error)
        return { failure }
      }
    },
    get isLost() {
      return isLost
    },
    close,
  }
}

function asked({ signal, timeoutMs }: AskOptions): { signal: AbortSignal; timeout: number } {
  return { signal, timeout: timeoutMs }
}

function resultOf({ content, structuredContent }: CallToolResult): ToolResult {
  return {
    content: content as readonly ToolBlock[],
    ...(structuredContent === undefined ? {} : { structured: structuredContent }),
  }
}

/** `fetch failed` says nothing: what failed stands in its cause. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.cause instanceof Error) {
    return `${error.message}: ${messageOf(error.cause)}`
  }
  return messageOf(error)
}
