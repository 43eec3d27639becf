import { expect, test } from 'vitest'
import type { Content } from '../graph/request.ts'
import { placeMedia } from './place-media.ts'
import type { MediaBlock } from './read-media.ts'

function media(mime: string, url: string): MediaBlock {
  return { type: 'media', media: { url }, mime }
}

/** Blocks as `[address]` or their text. */
function placed(prompt: string, blocks: readonly MediaBlock[]): string[] {
  return placeMedia(prompt, blocks).map((block: Content) => {
    if (block.type === 'text') return block.text
    return block.type === 'media' && 'url' in block.media ? `[${block.media.url}]` : '?'
  })
}

const one = media('image/png', 'one')
const two = media('image/jpeg', 'two')
const song = media('audio/wav', 'song')

test.each<[string, string, MediaBlock[], string[]]>([
  ['before the text', 'Compare.', [one, song, two], ['[one]', '[song]', '[two]', 'Compare.']],
  ['alone where there is not text', ' \n', [one], ['[one]']],
  [
    'in their places',
    'Is <image2> like <image1>?',
    [one, two],
    ['Is ', '[two]', ' like ', '[one]', '?'],
  ],
  ['in a row, without empty texts', '<image1> <image2>', [one, two], ['[one]', '[two]']],
  [
    'numbered by what they are',
    '<audio1> <image2>!',
    [one, song, two],
    ['[one]', '[song]', '[two]', '!'],
  ],
  ['once', '<image1>: what is in <image1>?', [one], ['[one]', ': what is in <image1>?']],
  [
    'where there are so many',
    'See <image2> and <video1>.',
    [one],
    ['[one]', 'See <image2> and <video1>.'],
  ],
])('media are %s', (_, prompt, blocks, expected) => {
  expect(placed(prompt, blocks)).toEqual(expected)
})
