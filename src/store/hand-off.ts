/** Hands things from who has them to who asks for them, one at a time. */
export interface HandOff<Item> {
  /** Resolves once the item was used: when the next one is asked for. */
  give(item: Item): Promise<void>
  /** No item comes any more. */
  end(): void
  /** The items end with an error. */
  fail(error: Error): void
  readonly items: AsyncIterable<Item>
}

export function createHandOff<Item>(): HandOff<Item> {
  const given: { item: Item; used: () => void }[] = []
  let over: { error: Error | null } | null = null
  let changed = Promise.withResolvers<void>()

  function wake(): void {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }

  async function* take(): AsyncGenerator<Item> {
    for (;;) {
      const next = given.shift()
      if (next !== undefined) {
        yield next.item
        next.used()
      } else if (over === null) {
        await changed.promise
      } else {
        if (over.error !== null) throw over.error
        return
      }
    }
  }

  function finish(error: Error | null): void {
    over ??= { error }
    wake()
  }

  return {
    give(item) {
      return new Promise((used) => {
        given.push({ item, used })
        wake()
      })
    },
    end: () => finish(null),
    fail: finish,
    items: take(),
  }
}
