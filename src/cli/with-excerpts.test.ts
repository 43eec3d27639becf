import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withExcerpts } from './with-excerpts.ts'

function isShown(line: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'rowsmith-excerpts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'config.yaml')
  writeFileSync(file, line)
  const [problem] = withExcerpts([
    { level: 'error', code: 'x', path: [], message: 'm', file, position: { line: 1, column: 1 } },
  ])
  return problem?.excerpt !== undefined
}

test.each([
  'max_tokens: 10',
  'tokens_per_minute: 1',
  'values: [keyboard, monkey, turkeys]',
  'prompt: "The key to a good story"',
])('%s is shown', (line) => expect(isShown(line)).toBe(true))

test.each([
  'api_key: sk-123',
  'apiKey: sk-123',
  '"key": "sk-123"',
  'Ocp-Apim-Subscription-Key: abc',
  'extra_headers: { Authorization: Bearer abc }',
  'hf_token: hf_123',
  'client_secret: abc',
  'api_keys: [A, B]',
])('%s is not shown', (line) => expect(isShown(line)).toBe(false))
