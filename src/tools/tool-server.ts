import type { Content, Tool } from '../graph/request.ts'
import { type AskOptions, type McpSession, NoSession, SessionLost } from './mcp-session.ts'
import { sessionError } from './session-failure.ts'
import { contentOf, textBlock } from './tool-content.ts'
import { unlessAborted } from './unless-aborted.ts'

/** A server of tools with the one session that all its columns share. */
export interface ToolServer {
  readonly name: string
  /** Asked once in a run; an answer that failed is asked for again by the next who wants it. */
  list(options: AskOptions): Promise<readonly Tool[]>
  /**
   * A tool's answer, or why it gave none, for the model. Rejects with a `RequestError` where the server
   * can't be reached: how long it is waited for is the scheduler's.
   */
  call(name: string, input: object, options: AskOptions): Promise<readonly Content[]>
  close(): Promise<void>
}

export interface ToolServerOptions {
  readonly name: string
  readonly open: (options: AskOptions) => Promise<McpSession>
  /** Takes secrets out of what a server said. */
  readonly redact: (text: string) => string
}

/** Sessions that one call may lose: then it is the call that ends the server. */
const mostLost = 2

export function createToolServer({ name, open, redact }: ToolServerOptions): ToolServer {
  const closing = new AbortController()
  let session: Promise<McpSession> | null = null
  let listing: Promise<readonly Tool[]> | null = null

  /** The session there is, or a new one. */
  function reach(timeoutMs: number): Promise<McpSession> {
    if (session !== null) return session
    closing.signal.throwIfAborted()
    const opening = open({ signal: closing.signal, timeoutMs })
    session = opening
    opening.catch(() => forget(opening))
    return opening
  }

  function forget(gone: Promise<McpSession>): void {
    if (session === gone) session = null
  }

  async function live(options: AskOptions): Promise<[McpSession, Promise<McpSession>]> {
    for (;;) {
      const reached = reach(options.timeoutMs)
      const found = await unlessAborted(reached, options.signal)
      if (!found.isLost) return [found, reached]
      forget(reached)
    }
  }

  async function ask(
    tool: string,
    input: object,
    options: AskOptions,
  ): Promise<readonly Content[]> {
    for (let lost = 0; lost < mostLost;) {
      const [found, reached] = await live(options)
      try {
        const outcome = await found.call(tool, input, options)
        if ('result' in outcome) return contentOf(outcome.result).map(redacted)
        return [redacted(textBlock(`The tool "${tool}" failed: ${outcome.failure}.`))]
      } catch (error) {
        if (!(error instanceof SessionLost)) throw error
        forget(reached)
        await found.close()
        lost += 1
      }
    }
    return [textBlock(`The tool "${tool}" failed: its server ended while it worked.`)]
  }

  function redacted(block: Content): Content {
    return block.type === 'text' ? { ...block, text: redact(block.text) } : block
  }

  async function listed(timeoutMs: number): Promise<readonly Tool[]> {
    const found = await reach(timeoutMs)
    return found.list({ signal: closing.signal, timeoutMs })
  }

  return {
    name,
    list({ signal, timeoutMs }) {
      if (listing === null) {
        const asked = listed(timeoutMs)
        listing = asked
        asked.catch(() => {
          if (listing === asked) listing = null
        })
      }
      return unlessAborted(listing, signal)
    },
    async call(tool, input, options) {
      try {
        return await ask(tool, input, options)
      } catch (error) {
        options.signal.throwIfAborted()
        if (!(error instanceof NoSession)) throw error
        throw sessionError(name, error.failure, redact(error.message))
      }
    },
    async close() {
      closing.abort(new Error(`the MCP provider "${name}" was closed`))
      const found = await session?.catch(() => null)
      await found?.close()
    },
  }
}
