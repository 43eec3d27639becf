import { expect, test } from 'vitest'
import { type ChatRequest, textMessage } from '../graph/request.ts'
import { writeRequest } from './openai-request.ts'
import type { ModelTarget } from './provider.ts'

const target: ModelTarget = {
  model: 'm',
  operation: 'chat',
  maxTokens: null,
  temperature: null,
  topP: null,
  dimensions: null,
  encodingFormat: 'float',
  timeoutMs: 1_000,
  extraBody: {},
  cachePrompt: true,
  maxParallelRequests: 1,
}

function keyOf(user: string, { endpoint = 'https://api.openai.com/v1', more = {} } = {}): unknown {
  const request: ChatRequest = {
    operation: 'chat',
    messages: [textMessage('system', 'Be kind.'), textMessage('user', user)],
    sharedEnds: [8],
  }
  const asked = { provider: 'p', endpoint, model: 'm', api: null, redact: (text: string) => text }
  const { body } = writeRequest({ ...target, ...more }, request, asked)
  return (JSON.parse(String(body)) as Record<string, unknown>)['prompt_cache_key']
}

test('requests to OpenAI with the same beginning bring the same key, and no other server gets one', () => {
  expect(keyOf('document one')).toMatch(/^[0-9a-f]{32}$/)
  expect(keyOf('document one')).toBe(keyOf('document two'))
  expect(keyOf('another document')).not.toBe(keyOf('document one'))
  expect(keyOf('document one', { endpoint: 'http://127.0.0.1:8000/v1' })).toBeUndefined()
  expect(keyOf('document one', { endpoint: 'https://openai.com.example.org/v1' })).toBeUndefined()
  expect(keyOf('document one', { more: { cachePrompt: false } })).toBeUndefined()
})
