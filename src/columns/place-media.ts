import type { Content } from '../graph/request.ts'
import type { MediaBlock } from './read-media.ts'

/**
 * A prompt with its media: `<image1>` is where the first image is meant, `<audio2>` the second sound.
 * What no place is written for comes first, in its order. Where a place is written again, it stays text.
 */
export function placeMedia(prompt: string, media: readonly MediaBlock[]): Content[] {
  const numbered = new Map<string, MediaBlock>()
  const counts: Record<string, number> = {}
  for (const block of media) {
    const [kind = ''] = block.mime.split('/')
    counts[kind] = (counts[kind] ?? 0) + 1
    numbered.set(`${kind}${counts[kind]}`, block)
  }
  const placed: Content[] = []
  let text = ''
  let end = 0
  for (const { 0: place, 1: name = '', index } of prompt.matchAll(
    /<((?:image|audio|video)\d+)>/g,
  )) {
    const block = numbered.get(name)
    if (block === undefined) continue
    numbered.delete(name)
    text += prompt.slice(end, index)
    end = index + place.length
    if (text.trim() !== '') placed.push({ type: 'text', text })
    text = ''
    placed.push(block)
  }
  const rest = prompt.slice(end)
  // Some providers refuse a block of no text.
  if (rest.trim() !== '') placed.push({ type: 'text', text: rest })
  return [...numbered.values(), ...placed]
}
