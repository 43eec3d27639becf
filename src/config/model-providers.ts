import { z } from 'zod'
import type { ModelProvider } from './dataset.ts'
import { withForm } from './json-form.ts'
import { isMapping, type Mapping } from './literal.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { integer, list, mapOf, mapping, refuse, text } from './scalars.ts'

/** Providers known without any file. */
export const builtInProviders: readonly ModelProvider[] = [
  builtIn('nvidia', 'https://integrate.api.nvidia.com/v1', 'NVIDIA_API_KEY'),
  builtIn('openai', 'https://api.openai.com/v1', 'OPENAI_API_KEY'),
  builtIn('openrouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'),
]

function builtIn(name: string, endpoint: string, api_key: string): ModelProvider {
  return {
    name,
    endpoint,
    provider_type: 'openai',
    api_key,
    api_keys: null,
    extra_body: null,
    extra_headers: null,
    settings: null,
    max_parallel_requests: null,
    requests_per_minute: null,
    tokens_per_minute: null,
  }
}

/** An entry of a list of providers. */
export const providerSchema = z.strictObject({
  name: text({ nonEmpty: true }).describe('The name that models use.'),
  endpoint: text()
    .nullable()
    .default(null)
    .describe('Base URL, usually ending in /v1; not for models in this process.'),
  provider_type: text({ nonEmpty: true })
    .default('openai')
    .describe(
      'Its protocol: openai for every compatible server; or a package of the AI SDK, such as @ai-sdk/google.',
    ),
  api_key: environmentName()
    .nullable()
    .default(null)
    .describe('Name of the environment variable with the key, never the key.'),
  api_keys: list(environmentName(), { min: 1 })
    .nullable()
    .default(null)
    .describe(
      'Names of the environment variables of several keys, instead of api_key: each has its own limits.',
    ),
  extra_body: mapping().nullable().default(null).describe('Further fields of every request.'),
  extra_headers: mapOf(text())
    .nullable()
    .default(null)
    .describe('Further headers of every request.'),
  settings: mapping()
    .nullable()
    .default(null)
    .describe('Options of a package of the AI SDK in addition to URL, key and headers.'),
  max_parallel_requests: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Requests at once over all its models; null for no limit.'),
  requests_per_minute: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Requests in a minute over all its models; null for no limit.'),
  tokens_per_minute: integer({ min: 1 })
    .nullable()
    .default(null)
    .describe('Tokens in a minute over all its models; null for no limit.'),
})

export interface ParsedProvider {
  provider: ModelProvider | null
  problems: Problem[]
}

/** Reads one provider of a list. */
export function parseProvider(value: unknown, path: ConfigPath): ParsedProvider {
  const name = isMapping(value) ? value['name'] : undefined
  const subject = typeof name === 'string' ? `provider '${name}'` : 'the provider'
  const result = providerSchema.safeParse(value)
  if (!result.success) {
    const context = { path, value, schema: providerSchema, subject }
    return { provider: null, problems: problemsOfZod(result.error, context) }
  }
  const { endpoint, provider_type, api_key, extra_headers, ...rest } = result.data
  const problems = [
    ...settingsProblems(result.data.settings, subject, path),
    ...keysProblems(result.data, subject, path),
  ]
  if (problems.length > 0) return { provider: null, problems }
  const provider = {
    ...rest,
    // Whether it needs an address only its kind knows.
    endpoint: (endpoint ?? '').replace(/\/+$/, ''),
    provider_type: provider_type.toLowerCase(),
    // NeMo Data Designer takes an empty key for none.
    api_key: api_key === '' ? null : api_key,
    extra_headers: extra_headers === null ? null : Object.fromEntries(extra_headers),
  }
  return { provider, problems: [] }
}

/** A package reads its keys from the environment: one in a config would be stored with the dataset. */
function settingsProblems(settings: Mapping | null, subject: string, path: ConfigPath): Problem[] {
  const names = settings === null ? [] : Object.keys(settings)
  const name = names.find((each) => /(?:key|secret|token|password|credentials?)$/i.test(each))
  if (name === undefined) return []
  return [
    {
      level: 'error',
      code: 'secret-in-config',
      path: [...path, 'settings', name],
      message: `'${name}' in the settings of ${subject} looks like a secret`,
      expected: 'no secrets in a config',
      suggestion:
        "Name the variable that holds the key in 'api_key'; the package reads other secrets from its own environment variables.",
    },
  ]
}

function keysProblems(
  { api_key, api_keys }: Pick<z.output<typeof providerSchema>, 'api_key' | 'api_keys'>,
  subject: string,
  path: ConfigPath,
): Problem[] {
  if (api_keys === null) return []
  const problems: Problem[] = api_keys.flatMap((name, index): Problem[] => {
    const at = [...path, 'api_keys', index]
    const first = api_keys.indexOf(name)
    if (name === '') {
      return [
        {
          level: 'error',
          code: 'wrong-format',
          path: at,
          message: `api_keys[${index}] of ${subject} is empty`,
          expected: refusedKey.expected,
        },
      ]
    }
    if (first === index) return []
    return [
      {
        level: 'error',
        code: 'duplicate-api-key',
        path: at,
        message: `api_keys[${index}] of ${subject} is ${name} once more`,
        suggestion: 'Remove it: a key has its limits only once.',
      },
    ]
  })
  if (api_key !== null && api_key !== '') {
    problems.push({
      level: 'error',
      code: 'keys-beside-key',
      path: [...path, 'api_key'],
      message: `${subject} has both 'api_key' and 'api_keys'`,
      expected: 'one of the two',
      suggestion: "Write all keys into 'api_keys'.",
    })
  }
  return problems
}

/** A provider as it is with each of its keys. */
export function withEachKey(provider: ModelProvider): ModelProvider[] {
  const { api_keys: keys, ...rest } = provider
  if (keys === undefined || keys === null) return [provider]
  return keys.map((key) => ({ ...rest, api_key: key }))
}

const refusedKey = {
  code: 'wrong-format',
  expected: 'the name of an environment variable',
  suggestion:
    'Put the key into an environment variable, e.g. export OPENAI_API_KEY=…, and write api_key: OPENAI_API_KEY',
} as const

/** The name of an environment variable; a key itself is refused and never shown. */
export function environmentName(): z.ZodType<string> {
  const name = z.unknown().transform((input, context) => {
    if (input === '') return ''
    if (typeof input !== 'string') {
      return refuse(context, input, { ...refusedKey, code: 'wrong-type' })
    }
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(input) && !looksLikeKey(input)) return input
    return refuse(context, input, { ...refusedKey, received: masked(input) })
  })
  return withForm(name, { json: { type: 'string', pattern: '^(?:[A-Za-z_][A-Za-z0-9_]*)?$' } })
}

const keyPrefix = /^(?:sk|pk|rk|hf|gsk|ghp|gho|xai|nvapi|pplx|AIza|AKIA|eyJ)(?:_|[A-Za-z0-9]{16})/

/** Keys whose letters would also do for a name: known prefixes, and long runs with digits in. */
function looksLikeKey(name: string): boolean {
  if (/^[A-Z]+(?:_[A-Z0-9]+)+$/.test(name)) return false
  if (keyPrefix.test(name)) return true
  const digits = name.replace(/[^0-9]/g, '').length
  const isMixed = /[a-z]/.test(name) && /[A-Z]/.test(name)
  return name.length >= 20 && digits >= 2 && (isMixed || !name.includes('_'))
}

function masked(key: string): string {
  const start = key.length >= 16 ? key.slice(0, 3) : ''
  return `${start}… (${key.length} characters, not shown)`
}
