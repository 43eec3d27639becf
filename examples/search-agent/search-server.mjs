// A search engine for facts.json, as a server of tools over stdio. For the web, name the server of a search service in
// mcp_providers instead: its key is the name of an environment variable in `api_key`, and never stands in the address.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'

const facts = JSON.parse(await readFile(new URL('facts.json', import.meta.url), 'utf8'))

const wordsOf = (text) => new Set(text.toLowerCase().match(/\p{L}{4,}/gu) ?? [])

/** The two facts that share the most words with a query. */
function search({ query }) {
  const wanted = wordsOf(String(query))
  const ranked = facts.map((fact) => ({
    fact,
    shared: [...wordsOf(fact)].filter((word) => wanted.has(word)).length,
  }))
  const best = ranked
    .filter(({ shared }) => shared > 0)
    .toSorted((one, other) => other.shared - one.shared)
  return best.length === 0
    ? 'Nothing was found.'
    : best
        .slice(0, 2)
        .map(({ fact }) => fact)
        .join('\n')
}

const methods = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'search', version: '1' },
  }),
  'tools/list': () => ({
    tools: [
      {
        name: 'search',
        description: 'Searches an encyclopedia.',
        inputSchema: {
          type: 'object',
          properties: { query: { type: 'string' } },
          required: ['query'],
        },
      },
    ],
  }),
  'tools/call': ({ arguments: input = {} }) => ({
    content: [{ type: 'text', text: search(input) }],
  }),
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  const result = methods[method]?.(params)
  if (result !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
}
