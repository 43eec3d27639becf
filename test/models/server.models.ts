import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ChatRequest } from '../../src/graph/request.ts'
import { textOf } from '../../src/graph/request.ts'
import { fresh, modelConfig, openRegistry, providerConfig } from '../support/models.ts'
import { llamaServer, pathOf, smolLm2 } from './fetch-models.ts'

/** A port that no one has. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function start(folder: string, model: string) {
  const port = await freePort()
  const words = [
    '-m',
    model,
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '-t',
    '1',
    '-c',
    '2048',
    '--jinja',
  ]
  const child = spawn(join(folder, 'llama-server'), words, {
    env: { ...process.env, LD_LIBRARY_PATH: folder },
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  const ready = async (): Promise<boolean> =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
  for (let tries = 0; tries < 300 && child.exitCode === null; tries += 1) {
    if (await ready()) return { url: `${url}/v1`, stop: () => child.kill() }
    await pause(100)
  }
  child.kill()
  throw new Error(`llama-server did not start: exit code ${child.exitCode}`)
}

test('llama-server holds SmolLM2 to a schema, and has it call a tool where it can', async ({
  skip,
}) => {
  if (process.platform !== 'linux' || process.arch !== 'x64') skip('it is built for Linux')
  const model = pathOf(await smolLm2(), skip)
  const folder = pathOf(await llamaServer(), skip)
  const server = await start(folder, model)
  const open = (extra_body: Record<string, unknown>) =>
    openRegistry(providerConfig({ endpoint: server.url }), {
      models: [modelConfig({}, { max_tokens: 120, temperature: 0, extra_body })],
    })
  try {
    const plain = open({})
    const question: ChatRequest = {
      operation: 'chat',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'What is the weather in Paris?' }] },
      ],
    }
    const schema = {
      type: 'object',
      properties: { sky: { enum: ['blue', 'grey'] }, degrees: { type: 'integer' } },
      required: ['sky', 'degrees'],
    }
    const began = performance.now()
    const held = await plain.send(
      'writer',
      { ...question, format: { name: 'weather', schema } },
      fresh(),
    )
    expect(JSON.parse(textOf(held.content))).toEqual({
      sky: expect.stringMatching(/^(?:blue|grey)$/),
      degrees: expect.any(Number),
    })
    await plain.close()
    const forced = open({ tool_choice: 'required' })
    const city = {
      type: 'object',
      properties: { city: { type: 'string', maxLength: 20 } },
      required: ['city'],
    }
    const tools = [{ name: 'get_weather', description: 'The weather of a city.', schema: city }]
    const called = await forced.send('writer', { ...question, tools }, fresh())
    await forced.close()
    const [call] = called.content.flatMap((block) => (block.type === 'tool-call' ? [block] : []))
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    console.log(
      `llama-server: ${seconds} s, ${held.outputMode ?? ''}; ${call?.arguments ?? 'no call'}`,
    )
    const { name, arguments: written } =
      call ?? skip('the model answers in words instead of calling the tool')
    expect(name).toBe('get_weather')
    expect(JSON.parse(written)).toEqual({ city: expect.any(String) })
  } finally {
    server.stop()
  }
})
