import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openJudge } from '../../test/support/judge.ts'
import { createCheckThread } from './check-thread.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rowsmith-validators-'))
})
afterAll(() => rm(directory, { recursive: true }))

/** What is wrong with a value; empty where it is valid. */
async function said(type: string, params: object, value: unknown, others = {}): Promise<string> {
  await using judge = await openJudge(type, params, { directory })
  const { is_valid: valid, error_messages: messages } = (await judge.judge(value, others)) as {
    is_valid: boolean
    error_messages: string
  }
  expect(valid).toBe(messages === '')
  return messages
}

test.each([
  [{ min: 2 }, 'ab', ''],
  [{ min: 2 }, 'é', '1 character, expected at least 2'],
  [{ max: 1 }, '🦊', ''],
  [{ min: 1, max: 2, unit: 'words' }, ' one two three ', '3 words, expected at most 2'],
  [{ max: 2, unit: 'lines' }, 'a\nb\n', ''],
  [{ max: 2, unit: 'lines' }, 'a\nb\n\n', '3 lines, expected at most 2'],
  [{ min: 1, unit: 'items' }, [], '0 items, expected at least 1'],
  [{ min: 1, unit: 'items' }, { a: 1 }, ''],
  [{ min: 1, unit: 'items' }, 'text', 'the value has no items'],
])('length %j of %j', async (params, value, messages) => {
  expect(await said('length', params, value)).toBe(messages)
})

test.each([
  [{ pattern: 'b+' }, 'abba', ''],
  [{ pattern: 'b+', match: 'full' }, 'abba', 'it does not match b+'],
  [{ pattern: 'a|b', match: 'full' }, 'ab', 'it does not match a|b'],
  [{ pattern: '^\\p{L}+$' }, 'Äé', ''],
  [{ pattern: 'ABBA', ignore_case: true }, 'abba', ''],
  [{ pattern: 'b', invert: true }, 'abba', 'it matches b'],
  [{ pattern: '"a":1' }, { a: 1 }, ''],
])('regex %j on %j', async (params, value, messages) => {
  expect(await said('regex', params, value)).toBe(messages)
})

test('a pattern that goes back and forth ends its thread, and others are judged', async () => {
  const checks = createCheckThread({
    name: 'check-pattern.worker',
    home: import.meta.url,
    longestMs: 300,
  })
  const endless = { pattern: '^(a+)+$', flags: 'us' }
  const answers = await Promise.all([
    checks.check('matches', [{ pattern: 'a', flags: 'us' }, 'a']),
    checks.check('matches', [endless, `${'a'.repeat(40)}!`]),
    checks.check('matches', [endless, 'aaa']),
  ])
  expect(answers).toEqual([
    true,
    { gaveUp: 'time', message: 'the check took longer than 0.3 s' },
    true,
  ])
  await checks.close()
})

describe('json_schema', () => {
  const schema = {
    type: 'object',
    properties: { name: { type: 'string', pattern: '^[\\w\\-]+$' }, age: { type: 'integer' } },
    required: ['name'],
    additionalProperties: false,
  }

  test.each([
    ['{"name": "a-b", "age": 3}', ''],
    [{ name: 'x', age: 3.5 }, '/age must be integer'],
    [
      '{"age": "x", "b": 1}',
      'the value must have required property \'name\'\nthe value must NOT have additional properties ("b")\n/age must be integer',
    ],
    ['[1', expect.stringContaining('the text is not JSON')],
  ])('%j', async (value, messages) => {
    expect(await said('json_schema', { schema }, value)).toEqual(messages)
  })

  test('from a file, and one that is wrong', async () => {
    await writeFile(join(directory, 'schema.json'), JSON.stringify(schema))
    expect(await said('json_schema', { schema_file: 'schema.json' }, { name: 'x' })).toBe('')
    await expect(openJudge('json_schema', { schema: { type: 'text' } })).rejects.toThrow(
      "the schema can't be used",
    )
    await expect(openJudge('json_schema', {})).rejects.toThrow('schema, or schema_file instead')
    await expect(openJudge('json_schema', { schema_file: 'no.json' })).rejects.toThrow('no.json')
  })
})

test('expressions read the target and other columns', async () => {
  const condition = { condition: '{{ value > a * 2 }}', message: 'too small' }
  expect(await said('expression', condition, 9, { a: 4 })).toBe('')
  expect(await said('expression', condition, 7, { a: 4 })).toBe('too small')
  expect(await said('expression', { condition: '{{ value is none }}' }, null)).toBe('')
  await expect(said('expression', { condition: '{{ value.b.c }}' }, { a: 1 })).rejects.toThrow(
    "the condition can't be decided",
  )
})

test('functions of the user say what they like', async () => {
  await writeFile(
    join(directory, 'checks.ts'),
    `export const both = ({ a, b }: { a: number; b: string }) => ({ is_valid: String(a) === b, sum: [a], none: undefined })
export const alone = async ({ a }: { a: number }) => a > 1
export const words = () => ({ is_valid: 'yes' })
export const wrong = () => ({ valid: true })
export const thrown = () => { throw new Error('no way') }
`,
  )
  const of = async (name: string, targets: object, params = {}): Promise<unknown> => {
    const written = { validation_function: `./checks.ts#${name}`, ...params }
    await using judge = await openJudge('local_callable', written, { directory })
    return judge.judge(targets)
  }
  expect(await of('both', { a: 1, b: '1' })).toEqual({ is_valid: true, sum: [1] })
  expect(await of('alone', { a: 1 })).toEqual({ is_valid: false })
  expect(await of('words', { a: 1 })).toEqual({ is_valid: true })
  await expect(of('wrong', { a: 1 })).rejects.toThrow('its object has only valid')
  await expect(of('thrown', { a: 1 })).rejects.toThrow('no way')
  await expect(of('nothing', { a: 1 })).rejects.toThrow("exports no 'nothing'")
  await expect(openJudge('local_callable', { validation_function: 'check' })).rejects.toThrow(
    "validation_function names the Python function 'check'",
  )
  const data = { type: 'array', items: { properties: { is_valid: { type: 'boolean' } } } }
  const schema = { output_schema: { type: 'object', properties: { data } } }
  expect(await of('alone', { a: 2 }, schema)).toEqual({ is_valid: true })
  await expect(of('both', { a: 2, b: '2' }, schema)).rejects.toThrow(
    'does not fit output_schema: /data/0 must NOT have additional properties ("sum")',
  )
})
