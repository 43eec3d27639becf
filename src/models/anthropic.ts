import { anthropicBatches } from './anthropic-batch.ts'
import { readMessage, proveMessage } from './anthropic-reply.ts'
import { writeMessages } from './anthropic-request.ts'
import { openHttpProvider, type Protocol } from './http-provider.ts'
import { defineProvider } from './provider.ts'

/** The version of the wire form that is spoken here; Anthropic keeps old ones working. */
const VERSION = '2023-06-01'

const protocol: Protocol = {
  name: "Anthropic's messages API",
  headers: (apiKey): Record<string, string> => ({
    'anthropic-version': VERSION,
    ...(apiKey === null ? {} : { 'x-api-key': apiKey }),
  }),
  write: writeMessages,
  prove: proveMessage,
  read: readMessage,
  batch: anthropicBatches,
}

/** Anthropic's own API, and servers that speak it: chat with text, images, documents and tools. */
export const anthropic = defineProvider({
  type: 'anthropic',
  description: "Anthropic's own API, and compatible servers.",
  remote: true,
  operations: ['chat'],
  outputModes: ['json_schema', 'tool_call'],
  hasBatches: true,
  open: (config, context) => openHttpProvider(config, context, protocol),
})
