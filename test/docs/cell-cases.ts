import { createModelServer } from '../../src/testing/model-server.ts'
import { answering, type Case, tales } from './case.ts'

/** Cells that fail, and requests that wait. */
export const cellCases = {
  timeout: answering((number) => (number > 0 ? { hang: true } : {}), {
    command: 'create tales.json -n 1 --seed 1',
    code: 3,
    config: { model: { inference_parameters: { timeout: 1 } } },
  }),
  'context-length': answering(
    (number) =>
      number > 0
        ? {
            status: 400,
            error: "This model's maximum context length is 4096 tokens.",
            code: 'context_length_exceeded',
          }
        : {},
    { command: 'create tales.json -n 1 --seed 1', code: 3 },
  ),
  'bad-request': answering(
    (number) => (number > 0 ? { status: 400, error: "Unknown parameter: 'top_p'." } : {}),
    { command: 'create tales.json -n 1 --seed 1', code: 3 },
  ),
  'no-content': answering(
    (number) => (number > 0 ? { message: { content: null }, finishReason: 'stop' } : {}),
    { command: 'create tales.json -n 1 --seed 1', code: 3 },
  ),
  'only-reasoning': answering(
    (number) =>
      number > 0
        ? { message: { content: null, reasoning_content: 'Let me think' }, finishReason: 'length' }
        : {},
    { command: 'create tales.json -n 1 --seed 1', code: 3 },
  ),
  'no-number': answering(() => ({ text: 'about four' }), {
    command: 'create tales.json -n 1 --seed 1',
    code: 3,
    config: {
      columns: [{ name: 'score', column_type: 'expression', dtype: 'int', expr: '{{ tale }}' }],
    },
  }),
  'undefined-in-row': async ({ desk, run }) => {
    await desk.write(
      'people.jsonl',
      '{"person":{"name":"Ann","age":9}}\n{"person":{"name":"Bo"}}\n',
    )
    await desk.write('people.json', {
      seed_config: { source: { seed_type: 'local', path: 'people.jsonl' } },
      columns: [{ name: 'line', column_type: 'expression', expr: '{{ person.age + 1 }}' }],
    })
    return (await run('create people.json -n 2', 3)).stderr
  },
  'many-failures': answering((number) => (number > 0 ? { status: 400, error: 'No.' } : {}), {
    command: 'create tales.json -n 100 --seed 1',
  }),
  throttled: async ({ desk, run }) => {
    await using server = await createModelServer({
      script: ({ number }) => (number % 4 === 2 ? { status: 429 } : {}),
    })
    await desk.write('tales.json', tales({ url: server.url }))
    await run('create tales.json -n 20 --seed 1', 0)
    return (await run('show runs/tales', 0)).stdout
  },
} satisfies Record<string, Case>
