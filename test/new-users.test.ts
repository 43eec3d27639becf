import { expect, test } from 'vitest'
import { validate } from '../src/check/validate.ts'
import type { Problem } from '../src/config/problem.ts'

/* What somebody new writes, what is said of it, and that it helps: the advice is applied. */

const head = `model_providers: [{ name: p, endpoint: 'http://127.0.0.1:9/v1' }]
model_configs:
  - { alias: writer, provider: p, model: m }
columns:
`
const product = `  - name: product
    column_type: sampler
    sampler_type: category
    params: { values: [kettle, lamp] }
`
const story = `  - name: story
    column_type: llm-text
    model_alias: writer
    prompt: "About {{ product }}"
`
const sound = head + product + story

async function problemsOf(text: string): Promise<Problem[]> {
  const { problems } = await validate({ config: { text }, environment: {} })
  return [...problems]
}

/** Line, message and advice. */
function told({ position, message, suggestion }: Problem): string {
  return `${position?.line} ${message}; ${suggestion}`
}

type Case = [string, string, string, string[], string, string]

test.each<Case>([
  [
    'values beside params',
    '    params: { values: [kettle, lamp] }',
    '    values: [kettle, lamp]',
    ["5 Column 'product' lacks 'params'; Put 'values' below 'params'."],
    '    values: [kettle, lamp]',
    '    params: { values: [kettle, lamp] }',
  ],
  [
    'type for column_type',
    '    column_type: sampler',
    '    type: sampler',
    ["5 Column 'product' lacks 'column_type'; Write 'column_type' in place of 'type'."],
    '    type:',
    '    column_type:',
  ],
  [
    'a list for params',
    '{ values: [kettle, lamp] }',
    '[kettle, lamp]',
    [
      "8 'params' of column 'product' has the wrong type; Write the list below a key: { values: […] }.",
    ],
    '[kettle, lamp]',
    '{ values: [kettle, lamp] }',
  ],
  [
    'values as one text',
    '[kettle, lamp]',
    '"kettle, lamp"',
    [
      '8 \'params.values\' of column \'product\' has the wrong type; Write it as a list: ["kettle", "lamp"].',
    ],
    '"kettle, lamp"',
    '["kettle", "lamp"]',
  ],
  [
    'another name of a field',
    '{ values: [kettle, lamp] }',
    '{ choices: [kettle, lamp] }',
    ["8 'params' of column 'product' has no field 'choices'; Did you mean 'values'?"],
    'choices',
    'values',
  ],
  [
    'another word',
    'sampler_type: category',
    'sampler_type: categorical',
    [
      "7 'sampler_type' of column 'product' is not a word that is known there; Did you mean 'category'?",
    ],
    'categorical',
    'category',
  ],
  [
    'a parameter beside the parameters',
    'model: m }',
    'model: m, temperature: 0.5 }',
    [
      "3 Model 'writer' has no field 'temperature'; Put 'temperature' below 'inference_parameters'.",
    ],
    'temperature: 0.5',
    'inference_parameters: { temperature: 0.5 }',
  ],
  [
    'an entry between two levels',
    '  - name: story',
    '   - name: story',
    ['9 Line 9 is indented by 3 spaces, which fits no line above it; Indent it by 2 spaces.'],
    '   - name: story',
    '  - name: story',
  ],
  [
    'a colon without a space',
    'column_type: llm-text',
    'column_type:llm-text',
    ['10 A space is missing behind the colon on line 10; Write column_type: llm-text'],
    'column_type:llm-text',
    'column_type: llm-text',
  ],
  [
    'a brace too few',
    '{{ product }}',
    '{{ product }',
    ['12 The template can\'t be read: unexpected "}"; Close the expression with "}}".'],
    '{{ product }',
    '{{ product }}',
  ],
  [
    'a dash too few',
    '  - name: product',
    '    name: product',
    [
      '4 \'columns\' of the config has the wrong type; Put a dash before the first line of each entry: "- name: …".',
    ],
    '    name: product',
    '  - name: product',
  ],
])('%s', async (name, right, wrong, expected, applied, advice) => {
  const written = name === 'a dash too few' ? head + product : sound
  const text = written.replace(right, wrong)
  expect((await problemsOf(text)).map(told)).toEqual(expected)
  expect(await problemsOf(text.replace(applied, advice))).toEqual([])
})

test('columns as a mapping of names', async () => {
  const text = `columns:\n  a:\n    column_type: expression\n    expr: "1"\n`
  expect((await problemsOf(text)).map(told)).toEqual([
    '1 \'columns\' of the config has the wrong type; Begin each entry with a dash and its name: "- name: a".',
  ])
  expect(await problemsOf(text.replace('  a:', '  - name: a'))).toEqual([])
})

test('comments in JSON', async () => {
  const text = `{
  // the columns
  "columns": [ // all of them
    { "name": "a", "column_type": "expression", "expr": "'http://x'" }, // one
  ]
}
`
  expect((await problemsOf(text)).map(told)).toEqual([
    '2 Line 2 has a comment with //, which neither JSON nor YAML knows; Remove it, or write # in place of //.',
  ])
  expect(await problemsOf(text.replaceAll('// ', '# '))).toEqual([])
  // An address is no comment.
  expect(
    await problemsOf('{ "columns": [{ "name": "a", "column_type": "expression", "expr": "//" }] }'),
  ).toEqual([])
})

test.each(['', '# nothing\n', '---\n'])('an empty file: %j', async (text) => {
  expect((await problemsOf(text)).map(({ message }) => message)).toEqual(['The config is empty'])
})

test('words that YAML 1.1 makes true and false, in both spellings', async () => {
  expect((await problemsOf(head + product.replace('kettle, lamp', 'yes, no'))).map(told)).toEqual([
    "8 Column 'product': yes is read as true, which counts as 1; Write 'yes' in quotes to have the text, or true if that is meant.",
    "8 Column 'product': no is read as false, which counts as 0; Write 'no' in quotes to have the text, or false if that is meant.",
  ])
  expect(await problemsOf(head + product.replace('kettle, lamp', "'yes', 'no'"))).toEqual([])
})

test('an entry without a dash is read as keys written twice', async () => {
  const text = sound.replace('  - name: story', '    name: story')
  expect((await problemsOf(text)).map(told)).toContain(
    '9 The key \'name\' is written twice in one mapping; the last one counts; Remove one of them; if an entry of a list begins here, put a dash before it: "- name: …".',
  )
})

test('the key of a built-in provider is asked for where the provider is named', async () => {
  const text = sound.replace('provider: p', 'provider: openai').replace(/^model_providers.*\n/, '')
  expect((await problemsOf(text)).map((problem) => told(problem))).toEqual([
    '2 Provider "openai" takes its key from the environment variable OPENAI_API_KEY, which is not set.; Run "export OPENAI_API_KEY=…" first.',
  ])
})
