/** Classes of characters by a function that is called once for each, so that loops over long texts are cheap. */
export interface CharacterClasses {
  /** Of the character that the unit at an index is, or belongs to. */
  at(text: string, index: number): number
}

/** Code points of Unicode. */
const codePoints = 0x11_0000

/** Classes are whole numbers from 0 to 254. */
export function createCharacterClasses(classOf: (character: string) => number): CharacterClasses {
  // One more than the class; 0 for a character that has not occurred yet.
  const known = new Uint8Array(codePoints)
  return {
    at(text, index) {
      const unit = text.charCodeAt(index)
      const point = (unit & 0xf800) === 0xd800 ? pointAround(text, index) : unit
      const found = known[point] as number
      if (found > 0) return found - 1
      const made = classOf(String.fromCodePoint(point))
      known[point] = made + 1
      return made
    },
  }
}

/** A surrogate without its other half is a code point of its own. */
function pointAround(text: string, index: number): number {
  const before = isPairEnd(text, index) ? 1 : 0
  return text.codePointAt(index - before) ?? 0
}

/** Whether the unit is the second one of a surrogate pair. */
export function isPairEnd(text: string, index: number): boolean {
  return (
    (text.charCodeAt(index) & 0xfc00) === 0xdc00 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800
  )
}
