import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  chat,
  fresh,
  openRegistry,
  providerConfig,
  requestError,
} from '../../test/support/models.ts'
import { createModelServer } from '../testing/model-server.ts'
import { createRedactor, resolveSecrets } from './secrets.ts'

describe('keys come from the environment only', () => {
  test('a variable that is set gives the key, trimmed', () => {
    const { secrets, problems } = resolveSecrets(
      [providerConfig({ api_key: 'LOCAL_KEY' }), providerConfig({ name: 'open' })],
      { LOCAL_KEY: 'abc\n' },
    )
    expect([...secrets]).toEqual([['LOCAL_KEY', 'abc']])
    expect(problems).toEqual([])
  })

  test.each([[{}], [{ LOCAL_KEY: '' }], [{ LOCAL_KEY: '  ' }]])(
    'an unset one is a problem that names provider and variable: %j',
    (environment) => {
      const { secrets, problems } = resolveSecrets(
        [providerConfig({ api_key: 'LOCAL_KEY' })],
        environment,
      )
      expect(secrets.size).toBe(0)
      expect(problems).toMatchObject([
        { code: 'secret-missing', path: ['model_providers', 0, 'api_key'] },
      ])
      expect(problems[0]?.message).toMatchInlineSnapshot(
        `"Provider "local" takes its key from the environment variable LOCAL_KEY, which is not set."`,
      )
    },
  )

  test('a key written into the config is not repeated', () => {
    const api_key = 'sk-proj-0123456789'
    const { problems } = resolveSecrets([providerConfig({ api_key })], {})
    expect(problems).toHaveLength(1)
    expect(JSON.stringify(problems)).not.toContain(api_key)
  })

  test('a key that no header can carry is a problem, without the key', () => {
    const { problems } = resolveSecrets([providerConfig({ api_key: 'K' })], { K: 'ab\ncdefgh' })
    expect(problems).toMatchObject([{ code: 'secret-invalid' }])
    expect(JSON.stringify(problems)).not.toContain('cdefgh')
  })
})

describe('redaction', () => {
  test('takes secrets out in every form, the longest first', () => {
    const redact = createRedactor(['secret/key+1', 'secret/key+1-and-more'])
    expect(redact('a secret/key+1-and-more b secret/key+1 c')).toBe('a *** b *** c')
    expect(redact(`?key=${encodeURIComponent('secret/key+1')}`)).toBe('?key=***')
    expect(redact(Buffer.from('secret/key+1').toString('base64'))).toBe('***')
  })

  test('short keys only where they stand alone, none at all without keys', () => {
    expect(createRedactor(['EMPTY'])('EMPTY, not EMPTYING')).toBe('***, not EMPTYING')
    expect(createRedactor([''])('as it is')).toBe('as it is')
  })

  test('no secret of eight or more characters survives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 8, maxLength: 30, unit: 'grapheme' }), { minLength: 1 }),
        fc.string(),
        fc.string(),
        (secrets, before, after) => {
          const redact = createRedactor(secrets)
          for (const secret of secrets) {
            if (secret.includes('***') || `${before}***${after}`.includes(secret)) continue
            expect(redact(`${before}${secret}${after}`)).not.toContain(secret)
          }
        },
      ),
    )
  })
})

test('a key that the provider repeats is in no part of an error', async () => {
  const key = 'sk-very-secret-0123456789'
  let status = 400
  await using server = await createModelServer({
    script: ({ headers }) => ({ status, error: `you sent ${headers['authorization']} to me` }),
  })
  const registry = openRegistry(providerConfig({ endpoint: server.url, api_key: 'LOCAL_KEY' }), {
    environment: { LOCAL_KEY: key },
  })
  for (status of [400, 401, 404, 429, 500, 307]) {
    const error = await requestError(registry.send('writer', chat('Hello'), fresh()))
    expect(error.detail).toContain('you sent Bearer *** to me')
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(key)
  }
  await server.close()
  const gone = await requestError(registry.send('writer', chat('Hello'), fresh()))
  expect(inspect(gone, { depth: 10, showHidden: true })).not.toContain(key)
  const [result] = await registry.check(['writer'], fresh())
  expect(result?.outcome).toBe('failed')
  expect(JSON.stringify(result)).not.toContain(key)
  expect(registry.redact(`log line with ${key}`)).toBe('log line with ***')
  await registry.close()
})

test('a key in a bad reply, a separate header and a proxy password are redacted too', async () => {
  await using server = await createModelServer({
    script: ({ headers }) => ({ body: `<p>${String(headers['x-api-key'])}</p>` }),
  })
  const registry = openRegistry(
    providerConfig({ endpoint: server.url, extra_headers: { 'X-Api-Key': 'header-secret-9' } }),
    { environment: { https_proxy: 'http://user:proxy-secret@127.0.0.1:9' } },
  )
  const error = await requestError(registry.send('writer', chat('Hello'), fresh()))
  expect(error.code).toBe('bad-reply')
  expect(inspect(error, { depth: 10 })).not.toContain('header-secret-9')
  expect(registry.redact('proxy-secret')).toBe('***')
  await registry.close()
})
