import type {
  CellResult,
  Correction,
  RequestGenerator,
  TaskGenerator,
  Turn,
} from '../graph/kind.ts'

/** A cell of one request, as the conversation it is once it asks again. */
export function asConversation(generator: RequestGenerator): TaskGenerator {
  return {
    by: 'cell',
    requests: 'many',
    async run(row, { request }): Promise<CellResult> {
      let message = generator.prepare(row)
      let correction: Correction | null = null
      const earlier: Turn[] = []
      for (;;) {
        const reply = await request(generator.route, message, { isCorrection: correction !== null })
        const result = generator.finish(reply, row, correction)
        if (!('again' in result)) return result
        earlier.push({ request: message, reply })
        message = result.again
        correction = { number: earlier.length, request: message, earlier: [...earlier] }
      }
    },
  }
}
