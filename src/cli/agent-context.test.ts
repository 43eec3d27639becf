import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { validate } from '../check/validate.ts'
import { listKinds } from '../check/list-kinds.ts'
import { agentContext } from './agent-context.ts'

test('what an agent is given is sound: its config, its files, every kind', async () => {
  const text = await agentContext()
  const start = text.indexOf('A config:\n') + 'A config:\n'.length
  const config = text.slice(start, text.indexOf('\n\n', start)).replaceAll(/^ {2}/gm, '')
  expect(
    await validate({ config: { text: config }, environment: { OPENAI_API_KEY: 'k' } }),
  ).toEqual({
    ok: true,
    problems: [],
  })
  const paths = [...text.matchAll(/^ {2}(\/\S+)/gm)].map(([, path = '']) => path)
  expect(paths.length).toBeGreaterThan(10)
  expect(paths.filter((path) => !existsSync(path))).toEqual([])
  const { kinds } = await listKinds()
  expect(kinds.filter(({ kind }) => !text.includes(`    ${kind}: `))).toEqual([])
  // Compact: some thousands of tokens.
  expect(text.length).toBeLessThan(12_000)
})
