import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { answerSchema } from '../../src/columns/answer-schema.ts'
import type { CodeLanguage } from '../../src/columns/code-languages.ts'
import { readCode } from '../../src/columns/code-reply.ts'
import type { SchemaObject } from '../../src/columns/schema-nodes.ts'
import { readStructured } from '../../src/columns/structured-reply.ts'
import { type ModelReply, noUsage } from '../../src/graph/request.ts'
import { stringifyJson } from '../../src/util/json.ts'

interface Answer {
  text: string
  ancestor: string | null
  ours?: string | null
}

// Our own data.
const { structured, code } = JSON.parse(
  readFileSync(new URL('answers.json', import.meta.url), 'utf8'),
) as {
  structured: (Answer & { schema: SchemaObject })[]
  code: (Answer & { language: CodeLanguage })[]
}

function reply(text: string): ModelReply {
  const content = [{ type: 'text' as const, text }]
  return { content, reasoning: null, finishReason: 'stop', usage: noUsage, model: 'test' }
}

function expectedOf({ ancestor, ours }: Answer): string | null {
  return ours === undefined ? ancestor : ours
}

test.each(structured)('$text of $schema', (answer) => {
  const read = readStructured(reply(answer.text), answerSchema(answer.schema))
  expect('value' in read ? stringifyJson(read.value) : null).toBe(expectedOf(answer))
})

test.each(code)('$text in $language', (answer) => {
  const read = readCode(reply(answer.text), answer.language)
  expect('value' in read ? read.value : null).toBe(expectedOf(answer))
})
