import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkRun, create, freeSpace, open, type RunOptions } from '../../src/index.ts'
import { scriptedProvider } from '../../src/testing/index.ts'

// Images of columns that an edit replaced: kept for an undo, freed by gc unless another cell names them.

const root = mkdtempSync(join(tmpdir(), 'rowsmith-edit-media-'))
afterAll(() => rmSync(root, { recursive: true }))

const rows = 6
const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** The same words give the same image. */
const provider = scriptedProvider(({ prompt }) => {
  const base64 = Buffer.concat([png, Buffer.from(prompt)]).toString('base64')
  return { content: [{ type: 'media', media: { base64 }, mime: 'image/png' }] }
})

function options(prompts: Record<string, string>): RunOptions {
  const pictures = Object.entries(prompts).map(([name, prompt]) => ({
    name,
    column_type: 'image',
    model_alias: 'painter',
    prompt,
  }))
  return {
    config: {
      config: {
        model_providers: [{ name: 'here', provider_type: 'scripted' }],
        model_configs: [
          {
            alias: 'painter',
            provider: 'here',
            model: 'fox',
            inference_parameters: { generation_type: 'image' },
          },
        ],
        columns: [
          { name: 'one', column_type: 'expression', expr: '1', dtype: 'int' },
          {
            name: 'number',
            column_type: 'sampler',
            sampler_type: 'uniform',
            params: { low: 0, high: 1_000_000_000 },
            convert_to: 'int',
          },
          ...pictures,
        ],
      },
    },
    plugins: [{ name: 'here', providers: [provider] }],
    out: join(root, 'run'),
    rows,
    seed: 4n,
    runConfig: { buffer_size: 2, part_rows: 2 },
  }
}

function images(): number {
  const found = readdirSync(join(root, 'run', 'media'), { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).length
}

test('gc frees images that only replaced cells name, and no other', async () => {
  const both = { face: 'a face {{ number }}', scene: 'a scene {{ number }}' }
  await create(options(both))
  expect(images()).toBe(2 * rows)

  // Half of its images are those of the face.
  const scene = '{{ "a face" if number % 2 == 0 else "another scene" }} {{ number }}'
  await create({ ...options({ ...both, scene }), edit: true })
  await using dataset = await open(join(root, 'run'))
  const numbers: number[] = []
  for await (const { number } of dataset.records()) numbers.push(Number(number))
  const odd = numbers.filter((one) => one % 2 === 1).length
  expect(images()).toBe(2 * rows + odd)

  const kept = await freeSpace(join(root, 'run'))
  expect(kept).toMatchObject({ cells: rows, media: { files: rows }, freed: false })
  expect(kept.media.bytes).toBeGreaterThan(rows * png.length)
  expect(images()).toBe(2 * rows + odd)
  // An undo finds all of them.
  const asked = provider.calls.length
  await create({ ...options(both), edit: true })
  await create({ ...options({ ...both, scene }), edit: true })
  expect(provider.calls.length).toBe(asked)

  expect(await freeSpace(join(root, 'run'), { yes: true })).toEqual({ ...kept, freed: true })
  expect(images()).toBe(rows + odd)
  expect(await freeSpace(join(root, 'run'))).toMatchObject({ cells: 0, media: { files: 0 } })
  expect(await checkRun(join(root, 'run'))).toMatchObject({
    ok: true,
    files: { media: { files: rows + odd, damaged: [] } },
  })

  // A column that is only taken out of the config is still in the part files, with its images.
  await create({ ...options({ face: both.face }), edit: true })
  expect(await freeSpace(join(root, 'run'), { yes: true })).toMatchObject({ media: { files: 0 } })
  const before = provider.calls.length
  await create({ ...options({ ...both, scene }), edit: true })
  expect(provider.calls.length).toBe(before)
})
