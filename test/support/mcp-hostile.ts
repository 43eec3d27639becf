import { createInterface } from 'node:readline'
import { appendFileSync } from 'node:fs'
import { answerTo, type McpMessage } from './mcp-tools.ts'

// A server of tools that is badly made, over stdio: HOSTILE says how, MCP_LOG is a file for its words.

const how = process.env['HOSTILE']
const file = process.env['MCP_LOG']
const log = (line: string): void => {
  if (file !== undefined) appendFileSync(file, `${line}\n`)
}

log(`pid ${process.pid}`)
if (how === 'stays') {
  // Neither a closed input nor a polite signal ends it.
  process.on('SIGTERM', () => undefined)
  process.on('SIGINT', () => undefined)
  setInterval(() => undefined, 1_000)
}
for await (const line of createInterface({ input: process.stdin })) {
  // Only the client of this repository speaks to it.
  const message = JSON.parse(line) as McpMessage
  if (how === 'junk') {
    process.stdout.write('listening on stdio\n\n{"level":"info"}\n[1, 2]\n{"jsonrpc":"2.0"\n')
    process.stdout.write('{"jsonrpc":"2.0","id":4711,"result":{}}\n\u0000\u0001\n')
  }
  const answer = changed(message) ?? answerTo(message, { log, crash: () => process.exit(1) })
  if (answer !== null) process.stdout.write(`${JSON.stringify(answer)}\n`)
}

function changed({ id, method, params }: McpMessage): object | null {
  const reply = (result: object): object => ({ jsonrpc: '2.0', id, result })
  if (method === 'initialize' && how === 'toolless') {
    return reply({
      protocolVersion: params?.['protocolVersion'],
      capabilities: {},
      serverInfo: { name: 'hostile', version: '1' },
    })
  }
  if (method === 'tools/list') {
    if (how === 'schemas') return reply({ tools: [{ name: 'add', inputSchema: 'numbers' }] })
    if (how === 'twins') {
      const twin = { name: 'add', inputSchema: { type: 'object' } }
      return reply({ tools: [twin, twin] })
    }
    if (how === 'endless') {
      return reply({ tools: [], nextCursor: `${Number(params?.['cursor'] ?? 0) + 1}` })
    }
    if (how === 'output') {
      const outputSchema = { type: 'object', properties: { a: { pattern: '(' } }, required: ['b'] }
      return reply({ tools: [{ name: 'add', inputSchema: { type: 'object' }, outputSchema }] })
    }
  }
  if (method !== 'tools/call') return null
  if (how === 'huge') {
    return reply({ content: [{ type: 'text', text: '\u{1f980}'.repeat(600_000) }] })
  }
  if (how === 'shapeless') return reply({ content: 'three' })
  return null
}
