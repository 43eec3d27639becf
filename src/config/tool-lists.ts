import { z } from 'zod'
import type { McpProvider, ToolConfig } from './dataset.ts'
import { withForm } from './json-form.ts'
import { isMapping, quoted } from './literal.ts'
import { duplicates, listFile } from './model-lists.ts'
import { environmentName } from './model-providers.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { problemsOfZod } from './problems.ts'
import { double, integer, list, mapOf, oneOf, text } from './scalars.ts'

/** An entry of `tool_configs`. */
export const toolConfigSchema = z
  .strictObject({
    tool_alias: text({ nonEmpty: true }).describe('The name that columns use.'),
    providers: list(text({ nonEmpty: true }), { min: 1 }).describe(
      'Names of the MCP providers whose tools the model may call.',
    ),
    allow_tools: list(text({ nonEmpty: true }))
      .nullable()
      .default(null)
      .describe('Only these tools of them; null and an empty list mean all.'),
    max_tool_call_turns: integer({ min: 1 })
      .default(5)
      .describe('Answers with tool calls whose calls are made; later ones are refused.'),
    timeout_sec: double({ above: 0 })
      .nullable()
      .default(null)
      .describe('Seconds that listing tools and each call may take; null means 60.'),
  })
  .describe('Tools that columns may use.')

const mcpTypes = ['stdio', 'sse', 'streamable_http'] as const

const mcpFields = {
  name: text({ nonEmpty: true }).describe('The name that tool_configs use.'),
  max_parallel_requests: integer({ min: 1 })
    .default(16)
    .describe('Calls at once over all columns; further ones wait.'),
} as const

/** An MCP server that is a process started here. */
const stdioSchema = z
  .strictObject({
    ...mcpFields,
    provider_type: oneOf(['stdio']).describe('How it is spoken to.'),
    command: text({ nonEmpty: true }).describe('The program that is started.'),
    args: list(text()).default([]).describe('Its arguments.'),
    env: mapOf(text())
      .default(new Map())
      .describe(
        'Environment variables in addition to PATH, HOME and the like; not stored in the run folder.',
      ),
  })
  .describe('An MCP server that is started as a process.')

/** An MCP server at an address. */
const remoteSchema = z
  .strictObject({
    ...mcpFields,
    provider_type: oneOf(['sse', 'streamable_http']).describe('How it is spoken to.'),
    endpoint: text({ nonEmpty: true }).describe('Its URL.'),
    api_key: environmentName()
      .nullable()
      .default(null)
      .describe('Name of the environment variable with the bearer token, never the token.'),
  })
  .describe('An MCP server at an address.')

/** An entry of `mcp_providers`. */
export const mcpProviderSchema = withForm(z.unknown(), {
  like: () => z.union([stdioSchema, remoteSchema]),
})

/** Reads `tool_configs`; one that is wrong keeps its alias, so that no column misses it. */
export function parseToolConfigs(
  items: readonly unknown[],
  path: ConfigPath,
): { configs: ToolConfig[]; problems: Problem[] } {
  const configs: ToolConfig[] = []
  const problems: Problem[] = []
  for (const [index, value] of items.entries()) {
    const parsed = toolConfigSchema.safeParse(value)
    if (parsed.success) {
      configs.push(parsed.data)
      problems.push(...repeated(parsed.data, [...path, index]))
      continue
    }
    const alias = fieldOf(value, 'tool_alias')
    const subject = typeof alias === 'string' ? `tool config ${quoted(alias)}` : 'the tool config'
    const at = [...path, index]
    problems.push(
      ...problemsOfZod(parsed.error, { path: at, value, schema: toolConfigSchema, subject }),
    )
    if (typeof alias === 'string') configs.push({ ...placeholder, tool_alias: alias })
  }
  const aliases = items.map((value) => fieldOf(value, 'tool_alias'))
  problems.push(...duplicates(aliases, path, 'tool_alias', 'Tool config'))
  return { configs, problems }
}

const placeholder: Omit<ToolConfig, 'tool_alias'> = {
  providers: [],
  allow_tools: null,
  max_tool_call_turns: 1,
  timeout_sec: null,
}

function repeated({ tool_alias, allow_tools, providers }: ToolConfig, path: ConfigPath): Problem[] {
  return (['providers', 'allow_tools'] as const).flatMap((field) => {
    const names = field === 'providers' ? providers : (allow_tools ?? [])
    return names.flatMap((name, index): Problem[] =>
      names.indexOf(name) === index
        ? []
        : [
            {
              level: 'error',
              code: 'duplicate-name',
              path: [...path, field, index],
              message: `${field} of tool config ${quoted(tool_alias)} names ${quoted(name)} twice`,
              suggestion: 'Remove one of them.',
            },
          ],
    )
  })
}

export interface ParsedMcpProviders {
  providers: McpProvider[]
  /** Names of those that are wrong; null for one whose name can't be read. */
  broken: (string | null)[]
  problems: Problem[]
}

/** Reads a list of MCP providers. */
export function parseMcpProviders(items: readonly unknown[], path: ConfigPath): ParsedMcpProviders {
  const read: ParsedMcpProviders = { providers: [], broken: [], problems: [] }
  for (const [index, value] of items.entries()) {
    const { provider, problems } = parseMcpProvider(value, [...path, index])
    const name = fieldOf(value, 'name')
    if (provider !== null) read.providers.push(provider)
    else read.broken.push(typeof name === 'string' ? name : null)
    read.problems.push(...problems)
  }
  const names = items.map((value) => fieldOf(value, 'name'))
  read.problems.push(...duplicates(names, path, 'name', 'MCP provider'))
  return read
}

function parseMcpProvider(
  value: unknown,
  path: ConfigPath,
): { provider: McpProvider | null; problems: Problem[] } {
  const name = fieldOf(value, 'name')
  const subject = typeof name === 'string' ? `MCP provider ${quoted(name)}` : 'the MCP provider'
  const tag = z.looseObject({ provider_type: oneOf(mcpTypes) }).safeParse(value)
  if (!tag.success) {
    return { provider: null, problems: problemsOfZod(tag.error, { path, value, subject }) }
  }
  const schema = tag.data.provider_type === 'stdio' ? stdioSchema : remoteSchema
  const parsed = schema.safeParse(value)
  if (!parsed.success) {
    return {
      provider: null,
      problems: problemsOfZod(parsed.error, { path, value, schema, subject }),
    }
  }
  const { data } = parsed
  if (data.provider_type === 'stdio') {
    return { provider: { ...data, env: Object.fromEntries(data.env) }, problems: [] }
  }
  const problem = addressProblem(data.endpoint, subject, path)
  if (problem !== null) return { provider: null, problems: [problem] }
  return { provider: { ...data, api_key: data.api_key === '' ? null : data.api_key }, problems: [] }
}

function addressProblem(endpoint: string, subject: string, path: ConfigPath): Problem | null {
  const url = URL.parse(endpoint)
  const base = { level: 'error', code: 'wrong-format', path: [...path, 'endpoint'] } as const
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return {
      ...base,
      message: `'endpoint' of ${subject} is not a URL`,
      expected: 'a URL that starts with http:// or https://',
      received: `'${endpoint}'`,
    }
  }
  if (url.username === '' && url.password === '') return null
  return {
    ...base,
    message: `'endpoint' of ${subject} holds a user or password`,
    suggestion: "Name an environment variable with the token in 'api_key'.",
  }
}

export interface LoadedMcpProviders extends Omit<ParsedMcpProviders, 'providers'> {
  /** Null when there are errors. */
  providers: McpProvider[] | null
}

/** Reads a file with `providers`, as NeMo Data Designer keeps its `mcp_providers.yaml`. */
export function loadMcpProviders(content: string, { file }: { file: string }): LoadedMcpProviders {
  let broken: (string | null)[] = [null]
  const { items, problems, complete } = listFile(content, file, 'providers', (entries, path) => {
    const parsed = parseMcpProviders(entries, path)
    broken = parsed.broken
    return { items: parsed.providers, problems: parsed.problems }
  })
  return { providers: complete ? items : null, broken: complete ? [] : broken, problems }
}

export interface LoadedToolConfigs {
  /** Null when there are errors. */
  configs: ToolConfig[] | null
  problems: Problem[]
}

/** Reads a file with `tool_configs`, as NeMo Data Designer keeps its `tool_configs.yaml`. */
export function loadToolConfigs(content: string, { file }: { file: string }): LoadedToolConfigs {
  const { items, problems, complete } = listFile(content, file, 'tool_configs', (entries, path) => {
    const { configs, problems: found } = parseToolConfigs(entries, path)
    return { items: configs, problems: found }
  })
  return { configs: complete ? items : null, problems }
}

function fieldOf(value: unknown, field: string): unknown {
  return isMapping(value) ? value[field] : undefined
}
