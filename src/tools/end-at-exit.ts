import type { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { failedWith } from '../threads/system-error.ts'

const running = new Set<() => void>()
let isWatching = false

/**
 * Ends a server's process with ours, however ours exits: one that ignores that its input was closed
 * would stay behind. To be called before the process is started.
 */
export function endAtExit(transport: StdioClientTransport): void {
  // The transport forgets the number as soon as it begins to close.
  let pid: number | null = null
  const end = (): void => {
    const last = transport.pid ?? pid
    if (last !== null) kill(last)
  }
  const start = transport.start.bind(transport)
  transport.start = async () => {
    running.add(end)
    await start()
    pid = transport.pid
  }
  // The client calls what stands here before its own.
  Object.assign(transport, {
    onclose() {
      running.delete(end)
    },
  })
  if (isWatching) return
  isWatching = true
  process.once('exit', () => {
    for (const one of running) one()
  })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It ended by itself, and its end was not seen any more.
    if (!failedWith(error, 'ESRCH')) throw error
  }
}
