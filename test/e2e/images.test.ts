import { createServer } from 'node:http'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { create, type DatasetRecord, open, preview, validate } from '../../src/index.ts'
import {
  createModelServer,
  type ServerAction,
  type ServerCall,
} from '../../src/testing/model-server.ts'
import { createDesk } from './command.ts'

/** A picture of its own for every text. */
function pictureOf(text: string): Buffer {
  const head = Buffer.from('89504e470d0a1a0a', 'hex')
  return Buffer.concat([head, createHash('sha256').update(text).digest()])
}

function pathOf(bytes: Buffer): string {
  const hash = createHash('sha256').update(bytes).digest('hex')
  return `media/${hash.slice(0, 2)}/${hash}.png`
}

function configAt(url: string, columns: readonly object[], extra: object | null = null): object {
  const inference = { generation_type: 'image', extra_body: extra }
  const common = { provider: 'local', skip_health_check: true, inference_parameters: inference }
  return {
    seed: 3,
    model_providers: [{ name: 'local', endpoint: url }],
    model_configs: [
      { ...common, alias: 'painter', model: 'gpt-image-1' },
      { ...common, alias: 'editor', model: 'vendor/multimodal-image' },
    ],
    columns: [
      {
        name: 'animal',
        column_type: 'sampler',
        sampler_type: 'category',
        params: { values: Array.from({ length: 30 }, (_, index) => `otter ${index}`) },
      },
      ...columns,
    ],
  }
}

const picture = {
  name: 'picture',
  column_type: 'image',
  model_alias: 'painter',
  prompt: 'Watercolour of {{ animal }}',
}

async function recordsOf(out: string): Promise<DatasetRecord[]> {
  await using dataset = await open(out)
  const records: DatasetRecord[] = []
  for await (const record of dataset.records()) records.push(record)
  return records
}

/** Answers as both routes do, with a picture of the prompt. */
function paint({ path, prompt, text }: ServerCall): ServerAction {
  const images = Array.from({ length: path.endsWith('generations') ? 1 : 2 }, (_, at) =>
    pictureOf(`${prompt}${at}`).toString('base64'),
  )
  if (path.endsWith('generations')) {
    const { n } = JSON.parse(text) as { n: number }
    return {
      body: JSON.stringify({
        data: Array.from({ length: n }, (_, at) => ({
          b64_json: pictureOf(`${prompt}${at}`).toString('base64'),
        })),
      }),
    }
  }
  return {
    message: {
      content: null,
      images: images
        .slice(0, 1)
        .map((one) => ({ type: 'image_url', image_url: { url: `data:image/png;base64,${one}` } })),
    },
  }
}

test('images are files by their content, edited by another model, in a preview as in a run', async () => {
  await using desk = await createDesk()
  const calls: ServerCall[] = []
  await using server = await createModelServer({
    script(call) {
      calls.push(call)
      return paint(call)
    },
  })
  const columns = [
    picture,
    {
      name: 'winter',
      column_type: 'image',
      model_alias: 'editor',
      prompt: 'The same in snow: {{ animal }}',
      multi_modal_context: [{ modality: 'image', column_name: 'picture' }],
    },
    { name: 'where', column_type: 'expression', expr: '{{ winter[0][:6] }}{{ winter | length }}' },
  ]
  const config = { config: configAt(server.url, columns) }
  expect((await validate({ config })).problems).toEqual([])
  const out = desk.path('run')
  const { rows, usage } = await create({ config, rows: 20, out })
  expect(rows).toMatchObject({ accepted: 20 })
  expect(usage.images).toBe(40)
  const records = await recordsOf(out)
  for (const { animal, picture: painted, winter, where } of records) {
    const first = pictureOf(`Watercolour of ${String(animal)}0`)
    expect(painted).toEqual([pathOf(first)])
    expect(await readFile(desk.path('run', pathOf(first)))).toEqual(first)
    expect(winter).toEqual([pathOf(pictureOf(`The same in snow: ${String(animal)}0`))])
    expect(where).toBe('media/1')
    const edit = calls.find(({ prompt }) => prompt === `The same in snow: ${String(animal)}`)
    expect(edit?.path).toBe('/v1/chat/completions')
    const url = `data:image/png;base64,${first.toString('base64')}`
    expect(JSON.parse(edit?.text ?? '')).toMatchObject({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url } },
            { type: 'text', text: `The same in snow: ${String(animal)}` },
          ],
        },
      ],
    })
  }
  await using dataset = await open(out)
  const { run, columns: reported } = await dataset.report()
  expect(run.media[0]?.mime).toBe('image/png')
  expect(reported[1]).toMatchObject({ name: 'picture', kind: 'image', type: 'media' })
  await dataset.export({ to: desk.path('texts', 'data.jsonl') })
  const [path = ''] = (records[0]?.['winter'] ?? []) as string[]
  expect(await readFile(desk.path('texts', path))).toEqual(await readFile(desk.path('run', path)))
  expect((await preview({ config, rows: 2 })).records).toEqual(records.slice(0, 2))
})

test('several images a cell: in one request, or in as many as it takes', async () => {
  await using desk = await createDesk()
  await using server = await createModelServer({
    script: (call) =>
      paint({
        ...call,
        // It makes two at most, whatever it is asked for.
        text: call.text.replace(/"n":3/, '"n":2'),
        prompt: `${call.prompt} ${call.number}`,
      }),
  })
  const columns = [
    picture,
    { ...picture, name: 'three', count: 3 },
    { ...picture, name: 'chatted', model_alias: 'editor', count: 2 },
  ]
  const config = { config: configAt(server.url, columns, { n: 4 }) }
  await create({ config, rows: 1, out: desk.path('run') })
  const [record] = await recordsOf(desk.path('run'))
  const lengths = ['picture', 'three', 'chatted'].map((name) => new Set(record?.[name] as []).size)
  expect(lengths).toEqual([4, 3, 2])
  expect(server.counts.requests).toBe(1 + 2 + 2)
})

test('a model with a route for images edits files: those of the run, and those at addresses', async () => {
  await using desk = await createDesk()
  const photo = pictureOf('photo')
  let served = 0
  const host = createServer((request, response) => {
    served += 1
    if (request.url === '/moved.png') response.writeHead(302, { location: '/photo.png' }).end()
    else response.writeHead(200).end(photo)
  })
  await new Promise<void>((resolve) => {
    host.listen(0, '127.0.0.1', resolve)
  })
  const { port } = host.address() as AddressInfo
  const forms: FormData[] = []
  await using server = await createModelServer({
    script(call) {
      if (call.path.endsWith('generations')) return paint(call)
      expect(call.path).toBe('/v1/images/edits')
      const { 'content-type': type = '' } = call.headers
      const headers = { 'content-type': type }
      void new Response(call.bytes, { headers }).formData().then((form) => forms.push(form))
      const edited = pictureOf(`edited ${call.prompt}`).toString('base64')
      return { body: JSON.stringify({ data: [{ b64_json: edited }] }), delayMs: 5 }
    },
  })
  const columns = [
    picture,
    {
      name: 'address',
      column_type: 'expression',
      expr: `http://127.0.0.1:${port}/moved.png`,
    },
    {
      ...picture,
      name: 'winter',
      prompt: 'In snow: {{ animal }}',
      multi_modal_context: [{ column_name: 'picture' }],
    },
    {
      ...picture,
      name: 'both',
      prompt: 'Together: {{ animal }}',
      multi_modal_context: [
        { modality: 'image', column_name: 'picture' },
        { modality: 'image', column_name: 'address', data_type: 'url' },
      ],
    },
  ]
  const extra = { size: '1024x1024', strength: 1.5, tags: ['a', 'b'] }
  const config = { config: configAt(server.url, columns, extra) }
  expect((await validate({ config })).problems).toMatchObject([
    { code: 'missing-modality', path: ['columns', 3, 'multi_modal_context', 0] },
  ])
  const { rows } = await create({ config, rows: 1, out: desk.path('run') })
  host.close()
  expect(rows).toMatchObject({ accepted: 1 })
  const [record] = await recordsOf(desk.path('run'))
  const animal = String(record?.['animal'])
  expect(record?.['winter']).toEqual([pathOf(pictureOf(`edited In snow: ${animal}`))])
  const snow = forms.find((form) => form.get('prompt') === `In snow: ${animal}`)
  const together = forms.find((form) => form.get('prompt') === `Together: ${animal}`)
  expect([...(snow?.keys() ?? [])]).toEqual([
    'model',
    'prompt',
    'size',
    'strength',
    'n',
    'tags[]',
    'tags[]',
    'image',
  ])
  expect([snow?.get('n'), snow?.get('strength')]).toEqual(['1', '1.5'])
  const [painted] = (record?.['picture'] ?? []) as string[]
  const bytesOf = async (file: unknown): Promise<Buffer> =>
    Buffer.from(file instanceof File ? await file.arrayBuffer() : new ArrayBuffer(0))
  expect(await bytesOf(snow?.get('image'))).toEqual(await readFile(desk.path('run', painted ?? '')))
  const files = together?.getAll('image[]') ?? []
  expect(files).toHaveLength(2)
  expect(await bytesOf(files.at(-1))).toEqual(photo)
  expect(served).toBeGreaterThanOrEqual(2)
})

test('an image at an address is downloaded, and what is not an image fails its cell', async () => {
  await using desk = await createDesk()
  const there = pictureOf('there')
  let asked = 0
  const host = createServer((request, response) => {
    asked += 1
    if (request.url?.startsWith('/gone.png') === true) response.writeHead(404).end()
    else response.writeHead(200).end(there)
  })
  await new Promise<void>((resolve) => {
    host.listen(0, '127.0.0.1', resolve)
  })
  // A server that listens on a port has an address with a port.
  const { port } = host.address() as AddressInfo
  const at = (name: string): string => `http://127.0.0.1:${port}/${name}`
  const cases: [string, ServerAction][] = [
    ['painter', { body: JSON.stringify({ data: [{ url: at('there.png') }] }) }],
    ['painter', { body: JSON.stringify({ data: [{ url: at('gone.png?key=1') }] }) }],
    ['painter', { body: JSON.stringify({ data: [{ b64_json: 'YSBmb3g=' }] }) }],
    ['editor', { text: 'I can not draw.' }],
  ]
  const made: unknown[] = []
  for (const [number, [alias, action]] of cases.entries()) {
    await using server = await createModelServer({ script: () => action })
    const config = { config: configAt(server.url, [{ ...picture, model_alias: alias }]) }
    const out = desk.path(`run-${number}`)
    const { rows } = await create({ config, rows: 1, out })
    if (rows.accepted === 1) made.push((await recordsOf(out))[0]?.['picture'])
    using ledger = new DatabaseSync(desk.path(`run-${number}`, 'ledger.sqlite'), { readOnly: true })
    made.push(...ledger.prepare('SELECT code, message, raw FROM failure').all())
  }
  host.close()
  expect(made).toEqual([
    [pathOf(there)],
    {
      code: 'image-not-downloaded',
      message: `the model answered with the address ${at('gone.png')}, and the image can't be had from there: it answered 404`,
      raw: null,
    },
    {
      code: 'no-image',
      message: 'the model "gpt-image-1" answered with 5 bytes of no known image type',
      raw: null,
    },
    {
      code: 'no-image',
      message: 'the model of "editor" answered without an image',
      raw: 'I can not draw.',
    },
  ])
  expect(asked).toBe(4)
})
