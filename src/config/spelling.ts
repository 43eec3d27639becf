import type { Literal } from './dataset.ts'

interface Spellings {
  readonly items: ReadonlyMap<string, string>
  readonly keys: ReadonlyMap<string, string>
}

// In addition to the values, not in them: only what a file spells in another way than its value is here.
const known = new WeakMap<object, Spellings>()

/** Keeps how items and keys of a list or mapping are spelled in the file. */
export function rememberSpellings(container: Literal, { items, keys }: Spellings): void {
  if (typeof container !== 'object' || container === null) return
  if (items.size > 0 || keys.size > 0) known.set(container, { items, keys })
}

/** How an item is spelled where its value prints in another way: `NO` for false, `010` for 8. */
export function itemSpelling(container: object, step: string | number): string | undefined {
  return known.get(container)?.items.get(String(step))
}

/** The same of a key: `NO` for the key `false`. */
export function keySpelling(container: object, key: string): string | undefined {
  return known.get(container)?.keys.get(key)
}

/** Keeps them for a copy with the same items. */
export function copySpellings(from: object, to: object): void {
  const spellings = known.get(from)
  if (spellings !== undefined) known.set(to, spellings)
}
