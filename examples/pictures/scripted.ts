import type { ModelRequest } from 'rowsmith/testing'
import { found, scriptedModel } from '../scripted-model.ts'
import { type Colour, decodePng, encodePng } from './png.ts'

const size = 64
const colours: Readonly<Record<string, Colour>> = {
  red: [220, 20, 20],
  green: [20, 160, 40],
  blue: [20, 40, 220],
  white: [255, 255, 255],
  black: [0, 0, 0],
  yellow: [250, 220, 0],
}

/** Answers in place of a model: it draws, edits and looks at real pictures. See ../scripted.yaml. */
export default scriptedModel(({ prompt, request }) => {
  if (request.operation === 'image') {
    return {
      content: [{ type: 'media', media: { base64: paint(prompt, request) }, mime: 'image/png' }],
    }
  }
  const { shape, colour, background, framed } = lookAt(pictureIn(request))
  if (prompt.startsWith('Describe')) return `A ${colour} ${shape} on ${background}.`
  return JSON.stringify({ shape, colour, background, framed })
})

function paint(prompt: string, request: ModelRequest): string {
  if (prompt.startsWith('Add a yellow frame')) {
    const { colourAt } = decodePng(pictureIn(request))
    const isFrame = (at: number): boolean => at < 4 || at >= size - 4
    const framed = encodePng(size, (x, y) =>
      isFrame(x) || isFrame(y) ? colourOf('yellow') : colourAt(x, y),
    )
    return framed.toString('base64')
  }
  const shape = found(/ (circle|square) /, prompt)
  const background = colourOf(found(/(white|black) background/, prompt))
  // A painter that gets red on white wrong.
  const wanted = found(/plain (\w+)/, prompt)
  const colour = colourOf(wanted === 'red' && prompt.includes('white') ? 'blue' : wanted)
  const isInside = (x: number, y: number): boolean =>
    shape === 'square' ? Math.abs(x) < 16 && Math.abs(y) < 16 : x * x + y * y < 256
  const middle = size / 2
  return encodePng(size, (x, y) =>
    isInside(x - middle, y - middle) ? colour : background,
  ).toString('base64')
}

function lookAt(bytes: Buffer): {
  shape: string
  colour: string
  background: string
  framed: boolean
} {
  const { colourAt } = decodePng(bytes)
  const nameAt = (x: number, y: number): string => nameOf(colourAt(x, y))
  const colour = nameAt(32, 32)
  // A corner of the square lies outside of the circle.
  return {
    shape: nameAt(19, 19) === colour ? 'square' : 'circle',
    colour,
    background: nameAt(8, 8),
    framed: nameAt(0, 0) === 'yellow',
  }
}

function pictureIn(request: ModelRequest): Buffer {
  const content =
    request.operation === 'image'
      ? request.prompt
      : request.operation === 'chat'
        ? request.messages.flatMap((message) => message.content)
        : []
  for (const block of content) {
    if (block.type === 'media' && 'base64' in block.media) {
      return Buffer.from(block.media.base64, 'base64')
    }
  }
  throw new Error('no picture goes with the prompt')
}

function colourOf(name: string): Colour {
  const colour = colours[name]
  if (colour === undefined) throw new Error(`there is no colour ${name}`)
  return colour
}

function nameOf(colour: Colour): string {
  return Object.keys(colours).find((name) => String(colours[name]) === String(colour)) ?? 'other'
}
