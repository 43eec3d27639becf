import { CellFailure } from '../graph/failure.ts'
import type { Content, Tool } from '../graph/request.ts'
import type { Clock } from '../util/clock.ts'
import { messageOf } from '../util/errors.ts'
import { type AskOptions, type McpSession, SessionLost } from './mcp-session.ts'
import { createSlots } from './slots.ts'
import { contentOf, textBlock } from './tool-content.ts'
import { unlessAborted } from './unless-aborted.ts'

/** A server of tools with the one session that all its columns share. */
export interface ToolServer {
  readonly name: string
  /** Asked once in a run; an answer that failed is asked for again by the next who wants it. */
  list(options: AskOptions): Promise<readonly Tool[]>
  /** A tool's answer, or why it gave none, for the model. Rejects where the server can't be reached. */
  call(name: string, input: object, options: AskOptions): Promise<readonly Content[]>
  close(): Promise<void>
}

export interface ToolServerOptions {
  readonly name: string
  /** Calls at once. */
  readonly cap: number
  readonly clock: Clock
  readonly open: (options: AskOptions) => Promise<McpSession>
}

/** Before each try to reach a server that was lost. */
const pausesMs = [0, 500, 2_000, 5_000, 10_000, 20_000] as const

/** Sessions that one call may lose: then it is the call that ends the server. */
const mostLost = 2

export function createToolServer({ name, cap, clock, open }: ToolServerOptions): ToolServer {
  const slots = createSlots(cap)
  const closing = new AbortController()
  let session: Promise<McpSession> | null = null
  let listing: Promise<readonly Tool[]> | null = null

  /** The session there is, or a new one; `pauses` are waited before each try for it. */
  function reach(timeoutMs: number, pauses: readonly number[]): Promise<McpSession> {
    if (session !== null) return session
    const opening = openPatiently(timeoutMs, pauses)
    session = opening
    opening.catch(() => forget(opening))
    return opening
  }

  async function openPatiently(timeoutMs: number, pauses: readonly number[]): Promise<McpSession> {
    let failure: unknown
    for (const pause of pauses) {
      await waited(pause)
      try {
        return await open({ signal: closing.signal, timeoutMs })
      } catch (error) {
        closing.signal.throwIfAborted()
        failure = error
      }
    }
    throw failure
  }

  function waited(pauseMs: number): Promise<void> {
    closing.signal.throwIfAborted()
    if (pauseMs === 0) return Promise.resolve()
    const pause = new Promise<void>((resolve) => {
      clock.after(pauseMs, resolve)
    })
    return unlessAborted(pause, closing.signal)
  }

  function forget(gone: Promise<McpSession>): void {
    if (session === gone) session = null
  }

  async function live(options: AskOptions): Promise<[McpSession, Promise<McpSession>]> {
    for (;;) {
      const reached = reach(options.timeoutMs, pausesMs)
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
        if ('result' in outcome) return contentOf(outcome.result)
        return [textBlock(`The tool "${tool}" failed: ${outcome.failure}.`)]
      } catch (error) {
        if (!(error instanceof SessionLost)) throw error
        forget(reached)
        await found.close()
        lost += 1
      }
    }
    return [textBlock(`The tool "${tool}" failed: its server ended while it worked.`)]
  }

  async function listed(timeoutMs: number): Promise<readonly Tool[]> {
    const found = await reach(timeoutMs, [0])
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
      const slot = await slots.take(options.signal)
      try {
        return await ask(tool, input, options)
      } catch (error) {
        options.signal.throwIfAborted()
        throw new CellFailure(
          'tool-server-unreachable',
          `the MCP provider "${name}" can't be reached: ${messageOf(error)}`,
        )
      } finally {
        slot.leave()
      }
    },
    async close() {
      closing.abort(new Error(`the MCP provider "${name}" was closed`))
      const found = await session?.catch(() => null)
      await found?.close()
    },
  }
}
