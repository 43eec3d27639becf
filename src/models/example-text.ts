const words =
  'amber brook candle drift ember fable garden harbor island jasmine kettle lantern meadow north orchard pebble quiet river silver timber under violet willow yonder'.split(
    ' ',
  )

/** A text that depends on the prompt and on nothing else, so that a second run gives the same. */
export function exampleText(prompt: string, length: number): string {
  let state = hashText(prompt)
  let text = state.toString(16)
  for (let index = 1; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += ` ${words[(state >>> 16) % words.length]}`
  }
  return text
}

/** FNV-1a over UTF-16 units. */
export function hashText(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  }
  return value >>> 0
}
