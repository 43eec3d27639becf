import { expect, test } from 'vitest'
import {
  chat,
  fresh,
  modelConfig,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { mappingOf } from '../config/literal.ts'
import { textOf } from '../graph/request.ts'

function open(
  settings: ReturnType<typeof mappingOf> | null,
  type: 'chat-completion' | 'embedding' = 'chat-completion',
) {
  return openRegistry(
    providerConfig({ provider_type: 'stand-in', endpoint: '', api_key: null, settings }),
    {
      models: [modelConfig({ model: 'm' }, { generation_type: type })],
    },
  )
}

test('answers are those of the list, the same for the same prompt', async () => {
  const listed = mappingOf([['m', ['one', mappingOf([['two', 2]])]]])
  const registry = open(mappingOf([['answers', listed]]))
  const answers: string[] = []
  for (let at = 0; at < 20; at += 1) {
    const { content } = await registry.send('writer', chat(`prompt ${at}`), fresh())
    answers.push(textOf(content))
  }
  expect(new Set(answers)).toEqual(new Set(['one', '{"two":2}']))
  const again = await registry.send('writer', chat('prompt 7'), fresh())
  expect(textOf(again.content)).toBe(answers[7])
  await registry.close()
})

test('without a list an answer has the form that was asked for', async () => {
  const registry = open(null)
  const schema = {
    type: 'object',
    properties: { mood: { enum: ['calm', 'glad'] }, n: { type: 'integer', minimum: 3 } },
  }
  const formed = await registry.send(
    'writer',
    { ...chat('Say it'), format: { name: 'f', schema } },
    fresh(),
  )
  expect(JSON.parse(textOf(formed.content))).toEqual({
    mood: expect.stringMatching(/calm|glad/),
    n: 3,
  })
  const code = await registry.send('writer', chat('Begin with ```sql'), fresh())
  expect(textOf(code.content)).toMatch(/^```sql\n[^`]+\n```$/)
  const text = await registry.send('writer', chat('Say it'), fresh())
  expect(textOf(text.content).split(' ')).toHaveLength(24)
  expect(text.usage).toMatchObject({ inputTokens: 2, outputTokens: 24 })
  await registry.close()

  const vectors = open(null, 'embedding')
  const input = [{ type: 'text', text: 'cat' }] as const
  const made = await vectors.send(
    'writer',
    { operation: 'embed', inputs: [input, input], dimensions: 3 },
    fresh(),
  )
  expect(made.vectors?.[0]).toHaveLength(3)
  expect(made.vectors?.[0]).toEqual(made.vectors?.[1])
  await vectors.close()
})

test('answers that are not lists are found by the check', async () => {
  const registry = open(mappingOf([['answers', mappingOf([['m', 'one']])]]))
  const [result] = await registry.check(['writer'], fresh())
  expect(result?.error?.message).toContain('a mapping "answers"')
  const error = await requestError(registry.send('writer', chat('a'), fresh()))
  expect([error.code, error.problem.kind]).toEqual(['settings-invalid', 'endpoint-stopped'])
  await registry.close()
})
