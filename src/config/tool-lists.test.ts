import { expect, test } from 'vitest'
import { formatProblems } from './format-problems.ts'
import { loadMcpProviders, loadToolConfigs } from './tool-lists.ts'

test("NeMo Data Designer's file of tool configs, with its defaults", () => {
  const { configs, problems } = loadToolConfigs(
    'tool_configs:\n- {tool_alias: docs, providers: [web]}\n- {tool_alias: sums, providers: [a, b], allow_tools: [add], max_tool_call_turns: "3", timeout_sec: 2.5}',
    { file: 'tool_configs.yaml' },
  )
  expect(problems).toEqual([])
  expect(configs).toEqual([
    {
      tool_alias: 'docs',
      providers: ['web'],
      allow_tools: null,
      max_tool_call_turns: 5,
      timeout_sec: null,
    },
    {
      tool_alias: 'sums',
      providers: ['a', 'b'],
      allow_tools: ['add'],
      max_tool_call_turns: 3,
      timeout_sec: 2.5,
    },
  ])
})

test('all that is wrong with tool configs, with its place', () => {
  const { configs, problems } = loadToolConfigs(
    [
      'tool_configs:',
      '- {tool_alias: docs, providers: [], max_tool_call_turns: 0}',
      '- {tool_alias: sums, providers: [a, a], allow_tools: [add, add], timeout_sec: 0}',
      '- {tool_alias: sums, providers: [b], allow_tools: [add, add]}',
      '- {providers: [b], allowed_tools: [add]}',
    ].join('\n'),
    { file: 'tools.yaml' },
  )
  expect(configs).toBeNull()
  expect(problems.map(({ code, path }) => `${code} ${path.join('.')}`)).toEqual([
    'out-of-range tool_configs.0.providers',
    'out-of-range tool_configs.0.max_tool_call_turns',
    'out-of-range tool_configs.1.timeout_sec',
    'duplicate-name tool_configs.2.allow_tools.1',
    'missing-field tool_configs.3.tool_alias',
    'unknown-key tool_configs.3.allowed_tools',
    'duplicate-tool_alias tool_configs.2.tool_alias',
  ])
})

test("NeMo Data Designer's file of servers, with its defaults", () => {
  const { providers, problems } = loadMcpProviders(
    [
      'providers:',
      '- {provider_type: sse, name: old, endpoint: "http://localhost:8080/sse", api_key: ""}',
      '- {provider_type: streamable_http, name: web, endpoint: "https://mcp.example.org/mcp", api_key: WEB_KEY}',
      '- {provider_type: stdio, name: local, command: python, args: [-m, server], env: {MODE: test}}',
    ].join('\n'),
    { file: 'mcp_providers.yaml' },
  )
  expect(problems).toEqual([])
  const max_parallel_requests = 16
  expect(providers).toEqual([
    {
      provider_type: 'sse',
      name: 'old',
      endpoint: 'http://localhost:8080/sse',
      api_key: null,
      max_parallel_requests,
    },
    {
      provider_type: 'streamable_http',
      name: 'web',
      endpoint: 'https://mcp.example.org/mcp',
      api_key: 'WEB_KEY',
      max_parallel_requests,
    },
    {
      provider_type: 'stdio',
      name: 'local',
      command: 'python',
      args: ['-m', 'server'],
      env: { MODE: 'test' },
      max_parallel_requests,
    },
  ])
})

test('all that is wrong with servers', () => {
  const { providers, broken, problems } = loadMcpProviders(
    [
      'providers:',
      '- {provider_type: http, name: web, endpoint: "https://a.example/mcp"}',
      '- {provider_type: stdio, name: local, endpoint: "https://a.example/mcp"}',
      '- {provider_type: sse, name: old, endpoint: localhost}',
      '- {provider_type: sse, name: secret, endpoint: "https://user:word@a.example/sse"}',
      '- {provider_type: stdio, command: python}',
    ].join('\n'),
    { file: 'servers.yaml' },
  )
  expect(providers).toBeNull()
  expect(broken).toEqual(['web', 'local', 'old', 'secret', null])
  expect(formatProblems(problems)).toMatchInlineSnapshot(`
    "servers.yaml:2:19  providers[0].provider_type
      'provider_type' of MCP provider 'web' is not a word that is known there
        expected  one of stdio, sse, streamable_http
        got       text 'http'

    servers.yaml:3:3  providers[1].command
      MCP provider 'local' lacks 'command'
        expected  text that is not empty

    servers.yaml:3:39  providers[1].endpoint
      MCP provider 'local' has no field 'endpoint'
        expected  one of name, max_parallel_requests, provider_type, command, args, env

    servers.yaml:4:45  providers[2].endpoint
      'endpoint' of MCP provider 'old' is not a URL
        expected  a URL that starts with http:// or https://
        got       'localhost'

    servers.yaml:5:48  providers[3].endpoint
      'endpoint' of MCP provider 'secret' holds a user or password
        Name an environment variable with the token in 'api_key'.

    servers.yaml:6:3  providers[4].name
      The MCP provider lacks 'name'
        expected  text that is not empty

    6 problems"
  `)
})
