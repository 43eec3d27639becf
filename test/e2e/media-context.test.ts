import { writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { create, type DatasetRecord, open, validate } from '../../src/index.ts'
import { createModelServer } from '../../src/testing/model-server.ts'
import { createDesk, type Desk } from './command.ts'

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

interface Body {
  messages: { role: string; content: string | { type: string; text?: string }[] }[]
}

function modelsAt(url: string, type = 'openai') {
  const endpoint = type === 'openai' ? url : url.replace(/\/v1$/, '')
  return {
    seed: 3,
    model_providers: [{ name: 'local', provider_type: type, endpoint }],
    model_configs: [{ alias: 'eyes', model: 'omni', provider: 'local', skip_health_check: true }],
  }
}

async function photos(desk: Desk, names: readonly string[]): Promise<object> {
  await desk.write(
    'photos.csv',
    ['photo,sound', ...names.map((name) => `${name},a.mp3`)].join('\n'),
  )
  await writeFile(desk.path('one.png'), png)
  return { source: { seed_type: 'local', path: desk.path('photos.csv') } }
}

async function recordsOf(out: string): Promise<DatasetRecord[]> {
  await using dataset = await open(out)
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

const photo = { modality: 'image', column_name: 'photo' }

test('a file next to the config is sent where the prompt means it, in corrections, too', async () => {
  await using desk = await createDesk()
  const bodies: Body[] = []
  await using server = await createModelServer({
    script({ text }) {
      const body: Body = JSON.parse(text)
      bodies.push(body)
      return { text: body.messages.length === 1 ? 'A fox.' : '{"animal": "fox"}' }
    },
  })
  await desk.write('run.json', {
    ...modelsAt(server.url),
    seed_config: await photos(desk, ['one.png']),
    columns: [
      {
        name: 'found',
        column_type: 'llm-structured',
        model_alias: 'eyes',
        prompt: 'What is <image1>?',
        output_format: { type: 'object', properties: { animal: { type: 'string' } } },
        multi_modal_context: [photo],
        with_trace: 'all_messages',
      },
    ],
  })
  const config = desk.path('run.json')
  expect((await validate({ config })).problems).toEqual([])
  const result = await create({ config, rows: 2, out: desk.path('run') })
  expect(result.rows).toMatchObject({ accepted: 2 })
  expect(bodies).toHaveLength(4)
  const url = `data:image/png;base64,${png.toString('base64')}`
  for (const { messages } of bodies) {
    expect(messages[0]?.content).toEqual([
      { type: 'text', text: 'What is ' },
      { type: 'image_url', image_url: { url } },
      { type: 'text', text: expect.stringMatching(/^\?\n\n[^]*"animal"/) },
    ])
  }
  const records = await recordsOf(desk.path('run'))
  expect(records.map(({ found }) => found)).toEqual([{ animal: 'fox' }, { animal: 'fox' }])
  // A trace is read by people: the bytes are omitted.
  expect(records[0]?.['found__trace']).toMatchObject([
    { role: 'user', content: [{ type: 'text' }, { type: 'media', mime: 'image/png' }, {}] },
    { role: 'assistant' },
    { role: 'user' },
    { role: 'assistant' },
  ])
})

test('a missing file is a failed cell, and validate finds what is missing in every row', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer()
  const caption = {
    name: 'caption',
    column_type: 'llm-text',
    model_alias: 'eyes',
    prompt: 'Describe it.',
    multi_modal_context: [photo, { modality: 'audio', column_name: 'sound', data_type: 'url' }],
  }
  const config = {
    ...modelsAt(server.url),
    seed_config: await photos(desk, ['one.png', 'two.png']),
    columns: [caption],
  }
  await desk.write('run.json', config)
  const out = desk.path('run')
  const { rows } = await create({
    config: desk.path('run.json'),
    rows: 20,
    out,
    runConfig: { disable_early_shutdown: true },
  })
  expect(rows).toMatchObject({ accepted: 10, dropped: 10 })
  // Nothing is paid for rows without their file.
  expect(server.counts.requests).toBe(10)
  using ledger = new DatabaseSync(desk.path('run', 'ledger.sqlite'), { readOnly: true })
  expect(ledger.prepare('SELECT DISTINCT code, message FROM failure').all()).toEqual([
    {
      code: 'media-missing',
      message: `the cell of 'photo' names the file ${desk.path('two.png')}, and there is no such file`,
    },
  ])

  await desk.write('lost.json', { ...config, seed_config: await photos(desk, ['two.png']) })
  const { problems } = await validate({ config: desk.path('lost.json') })
  expect(problems).toMatchObject([
    { code: 'fails-on-sample', level: 'error', message: expect.stringContaining('two.png') },
  ])
})

test("Anthropic's form of images, and sounds it has no form for", async () => {
  await using desk = await createDesk()
  const bodies: Body[] = []
  await using server = await createModelServer({
    script({ text }) {
      bodies.push(JSON.parse(text))
      return undefined
    },
  })
  const column = {
    column_type: 'llm-text',
    model_alias: 'eyes',
    prompt: 'Describe it.',
  }
  await desk.write('run.json', {
    ...modelsAt(server.url, 'anthropic'),
    seed_config: await photos(desk, ['one.png']),
    columns: [
      { ...column, name: 'seen', multi_modal_context: [photo] },
      {
        ...column,
        name: 'heard',
        on_failure: 'null',
        multi_modal_context: [{ modality: 'audio', column_name: 'sound', data_type: 'url' }],
      },
    ],
  })
  const failures: object[] = []
  await create({
    config: desk.path('run.json'),
    rows: 1,
    out: desk.path('run'),
    onEvent(event) {
      if (event.type === 'cell-failed') failures.push(event)
    },
  })
  expect(bodies.map(({ messages }) => messages)).toEqual([
    [
      {
        role: 'user',
        content: [
          {
            type: 'image',
            source: { type: 'base64', media_type: 'image/png', data: png.toString('base64') },
          },
          { type: 'text', text: 'Describe it.' },
        ],
      },
    ],
  ])
  expect(failures).toMatchObject([
    { code: 'unsupported-request', message: expect.stringContaining('media of type audio/mpeg') },
  ])
})
