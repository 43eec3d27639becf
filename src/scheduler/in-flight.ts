/** A request in flight, with its neighbours in the order in which they left. */
export interface Sent {
  readonly sentAt: number
  previous: Sent | null
  next: Sent | null
}

/**
 * The requests in flight on a route, the oldest first: a list through the requests themselves, since
 * each enters and leaves it once, and a set costs a twentieth of all the engine does for a request.
 */
export class InFlight {
  oldest: Sent | null = null
  #newest: Sent | null = null

  add(sent: Sent): void {
    sent.previous = this.#newest
    sent.next = null
    if (this.#newest === null) this.oldest = sent
    else this.#newest.next = sent
    this.#newest = sent
  }

  delete({ previous, next }: Sent): void {
    if (previous === null) this.oldest = next
    else previous.next = next
    if (next === null) this.#newest = previous
    else next.previous = previous
  }
}
