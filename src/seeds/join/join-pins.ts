/*
 * A seed of several sources has one word that finds their content again: a JSON list of theirs, those of the seed
 * itself first. The word of one source begins with a name.
 */

export function joinPins(pins: readonly (string | undefined)[]): string | undefined {
  return pins.some((pin) => pin !== undefined)
    ? JSON.stringify(pins.map((pin) => pin ?? null))
    : undefined
}

/** The word of one of the sources. */
export function pinOf(pin: string | undefined, source: number): string | undefined {
  if (pin === undefined || !pin.startsWith('[')) return source === 0 ? pin : undefined
  // `joinPins` wrote it.
  const pins = JSON.parse(pin) as (string | null)[]
  return pins[source] ?? undefined
}
