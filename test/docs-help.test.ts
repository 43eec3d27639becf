import { expect, test } from 'vitest'
import { createDocsServer } from './docs/server.ts'
import { createShell } from './docs/shell.ts'
import { createDesk } from './e2e/command.ts'
import { createHubRepositories } from './support/hub-repository.ts'

/*
 * Every command of the help has an example in its own help, and every example works. They run in
 * the order of the help, in one folder with the files below: an example of a new command may use
 * what those before it leave, such as runs/stories.
 */
const files = {
  'stories.yaml': `
model_providers:
  - { name: local, endpoint: 'http://localhost:8000/v1' }
model_configs:
  - { alias: writer, provider: local, model: m, inference_parameters: { max_parallel_requests: 64 } }
columns:
  - { name: hero, column_type: sampler, sampler_type: category, params: { values: [cat, frog] } }
  - { name: story, column_type: llm-text, model_alias: writer, prompt: "A story of a {{ hero }}." }
`,
  'prompt.j2': 'A story of a {{ hero }}.\n',
  'rows.jsonl': ['cat', 'frog', 'owl', 'fox'].map((hero) => `{"hero":"${hero}"}\n`).join(''),
}

test('every example in the help works', { timeout: 120_000 }, async () => {
  await using desk = await createDesk()
  await using server = await createDocsServer()
  for (const [name, text] of Object.entries(files)) await desk.write(name, server.intoTest(text))
  await using hub = await createHubRepositories({ tokens: { hf_docs: 'write' } })
  const shell = await createShell(desk.directory)
  Object.assign(shell.environment, { HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_docs' })

  const { stdout: help } = await desk.run(['--help'])
  const list = help.slice(help.indexOf('Commands:'), help.indexOf('Exit codes:'))
  const commands = [...list.matchAll(/^ {2}(\w+)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help')
  expect(commands).toEqual(expect.arrayContaining(['create', 'preview', 'validate', 'show']))

  const tried: string[] = []
  for (const name of ['', ...commands]) {
    const said = name === '' ? help : (await desk.run([name, '--help'])).stdout
    const examples = [...said.matchAll(/^ {2}(rowsmith .*)$/gm)].map(([, line = '']) => line)
    expect(examples, `${name} --help has no example:\n${said}`).not.toEqual([])
    for (const example of examples) {
      const { code, output } = await shell.run(example)
      expect(code, `${example}\n${output}`).toBe(0)
      tried.push(example)
    }
  }
  expect(tried.length).toBeGreaterThan(commands.length)
})
