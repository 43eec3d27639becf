import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodePng } from '../../examples/pictures/png.ts'
import { copyExample } from '../support/example-run.ts'

interface Picture {
  shape: string
  colour: string
  background: string
  picture: string[]
  framed: string[]
  seen: { shape: string; colour: string; background: string; framed: boolean }
  shows_all: boolean
}

test('pictures: files open and have their size, and every attribute is looked for', async () => {
  await using example = await copyExample('pictures')
  const { dir, records, requests } = await example.make<Picture>()
  expect(records).toHaveLength(12)
  for (const { picture, framed } of records) {
    for (const path of [...picture, ...framed]) {
      const bytes = await readFile(join(dir, path))
      expect(bytes.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a')
      const { size, colourAt } = decodePng(bytes)
      expect([size, colourAt(size - 1, size - 1).length]).toEqual([64, 3])
    }
  }
  expect(records.map(({ framed }) => framed.length)).toEqual(Array.from({ length: 12 }, () => 1))
  // The second picture is the first one with a frame.
  expect(
    records.filter(({ seen, background }) => !seen.framed || seen.background !== background),
  ).toEqual([])
  // The painter got a colour wrong, and that is seen; everything else is as sampled.
  const passed = records.filter((record) => record.shows_all)
  expect(passed.length / records.length).toBeGreaterThan(0.5)
  const wrong = records.filter((record) => !record.shows_all)
  expect(wrong.length).toBeGreaterThan(0)
  expect(wrong.filter(({ seen, colour }) => seen.colour === colour)).toEqual([])
  expect(Object.fromEntries(requests)).toEqual({ picture: 12, framed: 12, seen: 12 })

  const captions = await example.make<{ caption: string }>({ config: 'captions' })
  expect(captions.records.map(({ caption }) => caption)).toEqual([
    'A blue square on white.',
    'A green circle on black.',
    'A red circle on white.',
  ])
})
