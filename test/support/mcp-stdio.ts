import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { answerTo, type McpMessage } from './mcp-tools.ts'

// A server of tools over stdio. MCP_LOG is a file for its words.

const log = (line: string): void => {
  const file = process.env['MCP_LOG']
  if (file !== undefined) appendFileSync(file, `${line}\n`)
}

log('start')
for await (const line of createInterface({ input: process.stdin })) {
  // Only the client of this repository speaks to it.
  const message = JSON.parse(line) as McpMessage
  const answer = answerTo(message, { log, crash: () => process.exit(1) })
  if (answer !== null) process.stdout.write(`${JSON.stringify(answer)}\n`)
}
