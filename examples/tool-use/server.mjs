// A server of three tools over stdio, by the Model Context Protocol: one JSON message a line. Packages for that are in
// many languages; this one needs none.
import { createInterface } from 'node:readline'

const facts = {
  copper: 'Copper melts at 1085 degrees Celsius.',
  silver: 'Silver melts at 962 degrees Celsius.',
  tin: 'Tin melts at 232 degrees Celsius.',
}

const number = { type: 'number' }
const tools = {
  list_topics: {
    description: 'Lists the topics that look_up has facts about.',
    inputSchema: { type: 'object', properties: {} },
    call: () => Object.keys(facts).join(', '),
  },
  look_up: {
    description: 'A fact about a topic.',
    inputSchema: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] },
    call({ topic }) {
      const fact = facts[topic]
      if (fact === undefined) throw new Error(`no fact about ${topic}; list_topics has them all`)
      return fact
    },
  },
  add: {
    description: 'Adds two numbers.',
    inputSchema: { type: 'object', properties: { a: number, b: number }, required: ['a', 'b'] },
    call({ a, b }) {
      if (typeof a !== 'number' || typeof b !== 'number') throw new Error('a and b must be numbers')
      return String(a + b)
    },
  },
}

const methods = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'bench', version: '1' },
  }),
  'tools/list': () => ({
    tools: Object.entries(tools).map(([name, { description, inputSchema }]) => ({
      name,
      description,
      inputSchema,
    })),
  }),
  // What goes wrong in a tool is an answer to the model, which may try again.
  'tools/call'({ name, arguments: input = {} }) {
    try {
      return { content: [{ type: 'text', text: tools[name].call(input) }] }
    } catch (error) {
      return { content: [{ type: 'text', text: error.message }], isError: true }
    }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  const result = methods[method]?.(params)
  if (result !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
}
