import type { Client, Dispatcher } from 'undici'

/** What requests are sent on: all connections to one endpoint. */
export interface Connections {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean
  /** Waits for the requests in flight. */
  close(): Promise<void>
  /** Fails the requests in flight. */
  destroy(): Promise<void>
}

/**
 * As many connections as there are requests in flight, the one freed last used first.
 *
 * undici's `Pool` looks at its clients in turn, twice a request, until one is free: with hundreds of
 * requests in flight that reads more memory than the rest of a request, and with thousands it costs
 * more than everything else together.
 */
export class FreeConnections implements Connections {
  readonly #open: () => Client
  readonly #all: Client[] = []
  readonly #free: Client[] = []

  /** Opens a client that has one request in flight at a time. */
  constructor(open: () => Client) {
    this.#open = open
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    let client = this.#free.pop()
    if (client === undefined) {
      client = this.#open()
      this.#all.push(client)
    }
    return client.dispatch(options, new Lease(client, this.#free, handler))
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.close()))
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()))
  }
}

/** One request on one client, which is free again after its end. */
class Lease implements Dispatcher.DispatchHandler {
  readonly #client: Client
  readonly #free: Client[]
  readonly #handler: Dispatcher.DispatchHandler

  constructor(client: Client, free: Client[], handler: Dispatcher.DispatchHandler) {
    this.#client = client
    this.#free = free
    this.#handler = handler
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2],
  ): void {
    this.#handler.onResponseStart?.(controller, status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(
    controller: Dispatcher.DispatchController,
    trailers: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>[1],
  ): void {
    this.#free.push(this.#client)
    this.#handler.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#free.push(this.#client)
    this.#handler.onResponseError?.(controller, error)
  }
}
