/** Numbers by key, in typed arrays: a map of lists would have an object for almost every key. */
export interface KeyIndex {
  add(key: number, value: number): void
  /** Adds the values of a key to some others, the newest first, until these are so many. */
  collect(key: number, into: Set<number>, most: number): void
}

const firstSize = 4_096
const none = -1

export function createKeyIndex(): KeyIndex {
  let size = firstSize
  let count = 0
  let keys = new Float64Array(size)
  let values = new Int32Array(size)
  /** The entry before, of those in the same place. */
  let before = new Int32Array(size)
  let newest = new Int32Array(size).fill(none)

  function link(entry: number): void {
    const place = placeOf(keys[entry] as number, size)
    before[entry] = newest[place] as number
    newest[place] = entry
  }

  function grow(): void {
    size *= 4
    keys = copied(keys, new Float64Array(size))
    values = copied(values, new Int32Array(size))
    before = new Int32Array(size)
    newest = new Int32Array(size).fill(none)
    for (let entry = 0; entry < count; entry += 1) link(entry)
  }

  return {
    add(key, value) {
      if (count === size) grow()
      keys[count] = key
      values[count] = value
      link(count)
      count += 1
    },
    collect(key, into, most) {
      let entry = newest[placeOf(key, size)] as number
      while (entry !== none && into.size < most) {
        if (keys[entry] === key) into.add(values[entry] as number)
        entry = before[entry] as number
      }
    },
  }
}

/** Keys are hashes: their low bits are as good as any. */
function placeOf(key: number, size: number): number {
  return ((key % 0x1_0000_0000) >>> 0) & (size - 1)
}

function copied<List extends Float64Array | Int32Array>(from: List, to: List): List {
  to.set(from)
  return to
}
