import { openHttpProvider, type Protocol } from './http-provider.ts'
import { openaiBatches } from './openai-batch.ts'
import { proveReply, readReply } from './openai-reply.ts'
import { editsImages, writeRequest } from './openai-request.ts'
import { defineProvider } from './provider.ts'

const protocol: Protocol = {
  name: 'an OpenAI-compatible API',
  headers: (apiKey): Record<string, string> =>
    apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
  write: writeRequest,
  sendsBytes: editsImages,
  prove: proveReply,
  read: readReply,
  batch: openaiBatches,
}

/** Any server that speaks OpenAI's API: OpenAI, vLLM, NIM, Ollama, llama-server, OpenRouter… */
export const openai = defineProvider({
  type: 'openai',
  description: "Servers with OpenAI's API: OpenAI, vLLM, NIM, Ollama, llama-server, OpenRouter.",
  remote: true,
  operations: ['chat', 'embed', 'image'],
  outputModes: ['json_schema', 'bare_schema', 'tool_call', 'json_object'],
  hasBatches: true,
  open: (config, context) => openHttpProvider(config, context, protocol),
})
