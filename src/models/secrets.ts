import type { ModelProvider } from '../config/dataset.ts'
import type { ConfigPath, Problem } from '../config/problem.ts'
import type { Environment } from './provider.ts'

/** Keys by the variables that hold them, and what is missing. */
export interface ResolvedSecrets {
  secrets: ReadonlyMap<string, string>
  problems: Problem[]
}

/** Looks up the environment variables that providers name; a key itself never stands in a config. */
export function resolveSecrets(
  providers: readonly ModelProvider[],
  environment: Environment,
): ResolvedSecrets {
  const secrets = new Map<string, string>()
  const problems: Problem[] = []
  for (const [index, { name, api_key, api_keys }] of providers.entries()) {
    const path = ['model_providers', index]
    const places = [
      { variable: api_key, at: [...path, 'api_key'] },
      ...(api_keys ?? []).map((variable, key) => ({ variable, at: [...path, 'api_keys', key] })),
    ]
    for (const { variable, at } of places) {
      if (variable === null || variable === '') continue
      const secret = environment[variable]?.trim() ?? ''
      if (secret === '') problems.push(missing(name, variable, at))
      // Header values outside printable ASCII are refused by HTTP clients with an unclear error.
      else if (!/^[\u0020-\u007e]+$/.test(secret)) {
        problems.push({
          level: 'error',
          code: 'secret-invalid',
          path: at,
          message: `Provider "${name}": the value of the environment variable ${variable} holds characters that no key has.`,
          suggestion: `Set ${variable} again, without line breaks or quotation marks around it.`,
        })
      } else secrets.set(variable, secret)
    }
  }
  return { secrets, problems }
}

function missing(provider: string, variable: string, path: ConfigPath): Problem {
  const [, , field] = path
  // A key pasted into the config must not come back in a message.
  if (!/^[A-Z_][A-Z0-9_]*$/.test(variable)) {
    return {
      level: 'error',
      code: 'secret-missing',
      path,
      message: `Provider "${provider}": "${field}" is neither the name of a set environment variable nor anything that resembles such a name.`,
      expected: 'the name of an environment variable, such as OPENAI_API_KEY',
      suggestion: 'Put the key into an environment variable and its name here.',
    }
  }
  return {
    level: 'error',
    code: 'secret-missing',
    path,
    message: `Provider "${provider}" takes ${field === 'api_keys' ? 'a' : 'its'} key from the environment variable ${variable}, which is not set.`,
    suggestion: `Run "export ${variable}=…" first, or ${field === 'api_keys' ? 'take it out of "api_keys"' : 'set "api_key" to null when the endpoint needs no key'}.`,
  }
}

/** Shorter words occur in plain text; they are only taken out where they stand alone. */
const plainWord = 8

/** A function that replaces every secret, in the forms it can come back in, by `***`. */
export function createRedactor(secrets: Iterable<string>): (text: string) => string {
  const patterns = new Set<string>()
  for (const secret of secrets) {
    if (secret === '') continue
    for (const form of formsOf(secret)) {
      const escaped = form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      patterns.add(
        form.length < plainWord ? `(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])` : escaped,
      )
    }
  }
  if (patterns.size === 0) return (text) => text
  // Longest first: a secret that holds another one must go as a whole.
  const sorted = [...patterns].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(sorted.join('|'), 'gu')
  return (text) => text.replace(pattern, '***')
}

function formsOf(secret: string): string[] {
  const forms = new Set([secret, JSON.stringify(secret).slice(1, -1)])
  forms.add(encodeURIComponent(secret.toWellFormed()))
  const encoded = Buffer.from(secret).toString('base64')
  if (encoded.length >= plainWord) forms.add(encoded)
  return [...forms]
}

/** Everything else a provider config or a proxy address may hold that must not be shown. */
export function* furtherSecrets(
  providers: readonly ModelProvider[],
  environment: Environment,
): Iterable<string> {
  for (const provider of providers) {
    yield* passwordsOf(provider.endpoint)
    for (const [name, value] of Object.entries(provider.extra_headers ?? {})) {
      if (!/authorization|key|token|secret|cookie/i.test(name)) continue
      yield value
      yield value.replace(/^\w+ +/, '')
    }
  }
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) {
    yield* passwordsOf(environment[name] ?? '')
  }
}

function* passwordsOf(address: string): Iterable<string> {
  // A proxy may be written without its protocol, as `user:password@host:port`.
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`)
  if (url === null || url.password === '') return
  yield url.password
  yield decodePercent(url.password)
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray percent sign stands for itself.
    return text
  }
}
