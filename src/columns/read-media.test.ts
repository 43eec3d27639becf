import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mediaPath } from '../graph/media.ts'
import type { Cell } from '../util/value.ts'
import { type MediaSource, readMedia, roomOfRequest } from './read-media.ts'

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
const pixel = png.toString('base64')
const wav = Buffer.from('RIFF\0\0\0\0WAVEfmt ').toString('base64')
const films = { mp4: '\0\0\0\x18ftypisom\0\0\0\0', mov: '\0\0\0\x14ftypqt  \0\0\0\0' }

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rowsmith-media-'))
  writeFileSync(join(directory, 'fox.png'), png)
  writeFileSync(join(directory, 'fox.txt'), 'a fox')
  writeFileSync(join(directory, 'large.png'), png)
  truncateSync(join(directory, 'large.png'), 65 * 1024 * 1024)
  writeFileSync(join(directory, 'half.png'), png)
  truncateSync(join(directory, 'half.png'), 33 * 1024 * 1024)
  writeFileSync(join(directory, 'empty.mp4'), '')
  writeFileSync(join(directory, 'words.png'), 'a fox')
  symlinkSync('/dev/zero', join(directory, 'endless.png'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function source(fields: Partial<MediaSource> = {}): MediaSource {
  return { column: 'photo', kind: 'image', dataType: null, format: null, at: 0, ...fields }
}

function read(cell: Cell, fields: Partial<MediaSource> = {}) {
  return readMedia(cell, source(fields), { directory, kept: null, room: roomOfRequest() })
}

/** Blocks as `mime address` or `mime base64`. */
async function shown(cell: Cell, fields: Partial<MediaSource> = {}): Promise<string[]> {
  const blocks = await read(cell, fields)
  return blocks.map(({ media, mime }) => `${mime} ${'url' in media ? media.url : media.base64}`)
}

const audio = { kind: 'audio' } as const
const video = { kind: 'video' } as const

describe('values', () => {
  test.each<[Cell, Partial<MediaSource>, string[]]>([
    ['https://x.org/fox.webp?s=1', {}, ['image/webp https://x.org/fox.webp?s=1']],
    // NeMo Data Designer takes an address without an ending for base64.
    ['https://x.org/fox', {}, ['image/png https://x.org/fox']],
    ['gs://pictures/fox', { dataType: 'url' }, ['image/png gs://pictures/fox']],
    ['https://x.org/a', audio, ['audio/mpeg https://x.org/a']],
    ['song.wav', { ...audio, dataType: 'url' }, ['audio/wav song.wav']],
    ['https://x.org/a', { ...video, format: 'webm' }, ['video/webm https://x.org/a']],
    [pixel, {}, [`image/png ${pixel}`]],
    [` ${pixel.slice(0, 8)}\n${pixel.slice(8)}\n`, { dataType: 'base64' }, [`image/png ${pixel}`]],
    ['aGk=', { dataType: 'base64', format: 'jpg' }, ['image/jpeg aGk=']],
    ['aGk=', { format: 'gif' }, ['image/gif aGk=']],
    [wav, audio, [`audio/wav ${wav}`]],
    ['aGk=', { ...audio, dataType: 'base64', format: 'mp3' }, ['audio/mpeg aGk=']],
    ['aGk=', { ...video, dataType: 'base64', format: 'mov' }, ['video/quicktime aGk=']],
    ['data:image/png;base64,aGk=', {}, ['image/png aGk=']],
    ['data:image/jpg;base64,aGk=', { format: 'jpeg' }, ['image/jpeg aGk=']],
    ['data:audio/x-wav;base64,aGk=', { ...audio, format: 'wav' }, ['audio/wav aGk=']],
    ['data:video/mp4;codecs=a;base64,aGk=', video, ['video/mp4 aGk=']],
    ['fox.png', {}, [`image/png ${pixel}`]],
    [
      ['fox.png', 'https://x.org/a.gif'],
      {},
      [`image/png ${pixel}`, 'image/gif https://x.org/a.gif'],
    ],
    [`["${pixel}", "fox.png"]`, {}, [`image/png ${pixel}`, `image/png ${pixel}`]],
    [[], {}, []],
  ])('%j of %j', async (cell, fields, expected) => {
    expect(await shown(cell, fields)).toEqual(expected)
  })

  test.each(Object.entries(films))('the bytes of %s', async (ending, bytes) => {
    const base64 = Buffer.from(bytes, 'latin1').toString('base64')
    const mime = ending === 'mov' ? 'video/quicktime' : 'video/mp4'
    expect(await shown(base64, video)).toEqual([`${mime} ${base64}`])
  })

  test('files by an address, and files of the run', async () => {
    const url = pathToFileURL(join(directory, 'fox.png')).href
    expect(await shown(url)).toEqual([`image/png ${pixel}`])
    const path = mediaPath('ab'.repeat(32), 'image/png')
    const kept = { put: () => Promise.reject(new Error('none')), read: async () => png }
    const blocks = await readMedia([path, path], source(), {
      directory,
      kept,
      room: roomOfRequest(),
    })
    expect(blocks).toEqual(
      [1, 2].map(() => ({ type: 'media', media: { base64: pixel }, mime: 'image/png' })),
    )
  })
})

describe('what is no media fails the cell', () => {
  test.each<[Cell, Partial<MediaSource>, string, string]>([
    [null, {}, 'no-media', "the cell of 'photo' is null"],
    ['', {}, 'no-media', "the cell of 'photo' is an empty text"],
    [12, {}, 'no-media', "the cell of 'photo' is number"],
    ['a fox', {}, 'no-media', `"a fox" in 'photo' is not an address, a data URI, a file or base64`],
    ['a fox!', { dataType: 'base64' }, 'no-media', `"a fox!" in 'photo' is not base64`],
    ['aGkgaGk=', {}, 'no-media', `the base64 "aGkgaGk=" in 'photo' is of no known type, not image`],
    [wav, {}, 'no-media', `the base64 "${wav}" in 'photo' is of type audio/wav, not image`],
    [
      'data:image/png;base64,aGk=',
      audio,
      'no-media',
      "a data URI in 'photo' is of type image/png, not audio/…",
    ],
    [
      'data:image/png;base64,aGk=',
      { format: 'gif' },
      'no-media',
      "a data URI in 'photo' is of type image/png, not image/gif",
    ],
    ['data:image/png,aGk=', {}, 'no-media', "a data URI in 'photo' is not base64"],
    [
      'song',
      { ...audio, dataType: 'url' },
      'no-media',
      `"song" in 'photo' is not an address of audio`,
    ],
    ['fox.txt', {}, 'no-media', `"fox.txt" in 'photo' is of type null, not image`],
    ['large.png', {}, 'media-too-large', 'large.png exceeds them alone or with the others'],
    [['half.png', 'half.png'], {}, 'media-too-large', 'may have at most 67108864 bytes of media'],
    ['endless.png', {}, 'media-missing', 'endless.png, which is not a file'],
    ['empty.mp4', video, 'no-media', `"empty.mp4" in 'photo' is an empty file`],
    ['words.png', {}, 'no-media', `"words.png" in 'photo' is not a file of type image/png`],
    ['wolf.png', {}, 'media-missing', 'wolf.png, and there is no such file'],
    [
      'file://host/a.png',
      {},
      'no-media',
      `"file://host/a.png" in 'photo' is not an address of a file here`,
    ],
  ])('%j of %j', async (cell, fields, code, message) => {
    const failure: unknown = await read(cell, fields).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code,
      message: expect.stringContaining(message),
      field: ['multi_modal_context', 0, 'column_name'],
    })
  })
})
