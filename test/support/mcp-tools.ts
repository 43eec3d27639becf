/** What servers of tools do here, whatever they are spoken to over. */
export interface McpMessage {
  readonly id?: number | string
  readonly method?: string
  readonly params?: { name?: string; arguments?: Record<string, unknown> } & Record<string, unknown>
}

interface Offered {
  name: string
  inputSchema: object
}

/** What is done in addition to answering. */
export interface McpPorts {
  /** A word on every call and every cancelled one. */
  log: (line: string) => void
  /** Ends the server. */
  crash: () => void
  /** Instead of its own: tools that repeat what they are called with. */
  tools?: readonly Offered[] | undefined
}

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

const numbers = { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } }

const tools = [
  { name: 'add', description: 'Adds two numbers.', inputSchema: numbers },
  ...['fail', 'hang', 'picture', 'crash'].map((name) => ({
    name,
    inputSchema: { type: 'object' },
  })),
]

/** The answer to a message; null for one that gets none, or none yet. */
export function answerTo(
  message: McpMessage,
  { log, crash, tools: others }: McpPorts,
): object | null {
  const { id, method, params = {} } = message
  if (method === 'notifications/cancelled') log(`cancelled ${JSON.stringify(params['reason'])}`)
  if (id === undefined) return null
  const reply = (result: object): object => ({ jsonrpc: '2.0', id, result })
  if (method === 'initialize') {
    return reply({
      protocolVersion: params['protocolVersion'],
      capabilities: { tools: {} },
      serverInfo: { name: 'test', version: '1' },
    })
  }
  if (method === 'tools/list') {
    log('list')
    if (others !== undefined) return reply({ tools: others })
    // Two pages.
    return params['cursor'] === undefined
      ? reply({ tools: tools.slice(0, 2), nextCursor: 'rest' })
      : reply({ tools: tools.slice(2) })
  }
  if (method !== 'tools/call') {
    return { jsonrpc: '2.0', id, error: { code: -32_601, message: 'no such method' } }
  }
  const { name, arguments: input = {} } = params
  log(`call ${name} ${JSON.stringify(input)}`)
  if (others !== undefined) {
    return reply({ content: [{ type: 'text', text: `${name} of ${JSON.stringify(input)}` }] })
  }
  if (name === 'hang') return null
  if (name === 'crash') {
    crash()
    return null
  }
  if (name === 'picture') {
    const image = { type: 'image', data: png, mimeType: 'image/png' }
    return reply({ content: [{ type: 'text', text: 'Here:' }, image] })
  }
  if (name === 'fail') {
    return reply({ content: [{ type: 'text', text: 'the sky fell' }], isError: true })
  }
  const sum = Number(input['a']) + Number(input['b'])
  return reply({ content: [{ type: 'text', text: String(sum) }] })
}
