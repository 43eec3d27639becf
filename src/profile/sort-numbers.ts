/** More numbers than this are sorted by the language's own sort. */
const most = 4_096
/** So are fewer than this: its counters would cost more than they save. */
const least = 256

const digitBits = 11
const digits = 2 ** digitBits
const passes = 3

const counts = new Uint32Array(passes * digits)
let keys = new Uint32Array(most)
let otherKeys = new Uint32Array(most)
const spare = new Float64Array(most)

/**
 * Sorts finite numbers in ascending order, in place: a radix sort by the upper half of their bits,
 * in half the time of the language's own sort. What differs in the lower half only is put in
 * order by insertion, or by that sort where it is much.
 */
export function sortNumbers(values: Float64Array): void {
  if (values.length < least || values.length > most) {
    values.sort()
    return
  }
  countDigits(values)
  let from = values
  let to: Float64Array = spare
  for (let pass = 0; pass < passes; pass += 1) {
    if (!toOffsets(pass, values.length)) continue
    scatter(from, to, { pass, size: values.length })
    ;[from, to] = [to, from]
    ;[keys, otherKeys] = [otherKeys, keys]
  }
  if (from !== values) values.set(spare.subarray(0, values.length))
  if (!insertSort(values)) values.sort()
}

/** Unsigned integers that ascend as the numbers do, and how often each digit comes. */
function countDigits(values: Float64Array): void {
  counts.fill(0)
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
  for (let at = 0; at < values.length; at += 1) {
    // The machines that Node runs on store the upper half last.
    const high = words[2 * at + 1] as number
    const key = (high ^ ((high >> 31) | 0x80000000)) >>> 0
    keys[at] = key
    for (let pass = 0; pass < passes; pass += 1) {
      ;(counts[pass * digits + digitOf(key, pass)] as number) += 1
    }
  }
}

function digitOf(key: number, pass: number): number {
  return (key >>> (pass * digitBits)) & (digits - 1)
}

/** Makes the counts of a pass the places where its digits begin; false when all have one digit. */
function toOffsets(pass: number, size: number): boolean {
  let offset = 0
  for (let digit = pass * digits; digit < (pass + 1) * digits; digit += 1) {
    const count = counts[digit] as number
    if (count === size) return false
    counts[digit] = offset
    offset += count
  }
  return true
}

function scatter(
  from: Float64Array,
  to: Float64Array,
  { pass, size }: { pass: number; size: number },
): void {
  for (let at = 0; at < size; at += 1) {
    const key = keys[at] as number
    const digit = pass * digits + digitOf(key, pass)
    const place = counts[digit] as number
    counts[digit] = place + 1
    to[place] = from[at] as number
    otherKeys[place] = key
  }
}

/** Gives up, with false, when it would take many steps. */
function insertSort(values: Float64Array): boolean {
  let steps = 4 * values.length
  for (let at = 1; at < values.length; at += 1) {
    const value = values[at] as number
    let place = at
    while (place > 0 && (values[place - 1] as number) > value) {
      values[place] = values[place - 1] as number
      place -= 1
      steps -= 1
    }
    values[place] = value
    if (steps < 0) return false
  }
  return true
}
