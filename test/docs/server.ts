import {
  createModelServer,
  type ModelServer,
  type ServerAction,
  type ServerCall,
} from '../../src/testing/model-server.ts'
import { exampleText } from '../../src/models/example-text.ts'

/** How the model server behaves during one block, chosen by `server=NAME` behind the language. */
const behaviours = {
  good,
  /** Does not like some few reviews. */
  refusing: (call) =>
    call.prompt.includes('1-star review of a desk lamp')
      ? { status: 400, error: 'This prompt was blocked by the content filter.', delayMs: 2 }
      : good(call),
  /** Has money for a few more answers. */
  'without-credit': (call) =>
    call.number >= 30
      ? { status: 402, error: 'Insufficient credits.', code: 'insufficient_credits' }
      : good(call),
  /** Knows no key any more, once the run works. */
  revoking: (call) =>
    call.number >= 12
      ? { status: 401, error: 'The key was revoked.', code: 'invalid_api_key' }
      : good(call),
  /** Answers slowly enough for a hand at the keyboard. */
  slow: (call) => ({ ...good(call), delayMs: 60 }),
} satisfies Record<string, (call: ServerCall) => ServerAction>

type Behaviour = keyof typeof behaviours

/** Answers everything; what asks for a form gets one of it. */
function good(call: ServerCall): ServerAction {
  const asksForForm = call.text.includes('"response_format"') || call.prompt.includes('```')
  if (asksForForm) return { delayMs: 2 }
  return { text: answerTo(call.prompt), delayMs: 2 }
}

export function isBehaviour(name: string): name is Behaviour {
  return Object.hasOwn(behaviours, name)
}

/** A model server that stands for every endpoint of a page. */
export interface DocsServer extends AsyncDisposable {
  readonly requests: number
  /** From here on; numbers of calls start again. */
  behave(name: Behaviour): void
  /** A text with this server in the place of every endpoint. */
  intoTest(text: string): string
  /** What was printed, with the endpoints as they are written. */
  fromTest(text: string): string
}

export async function createDocsServer(): Promise<DocsServer> {
  let behaviour: Behaviour = 'good'
  let before = 0
  const server: ModelServer = await createModelServer({
    batches: {},
    script: (call) => behaviours[behaviour]({ ...call, number: call.number - before }),
  })
  const origin = new URL(server.url).origin
  return {
    get requests() {
      return server.counts.requests - before
    },
    behave(name) {
      behaviour = name
      before = server.counts.requests
    },
    intoTest: (text) =>
      text.replaceAll(
        /(endpoint: *["']?)(https?):\/\/([^\s,"'}]+)/g,
        (_, field: string, scheme: string, rest: string) => `${field}${origin}/${scheme}/${rest}`,
      ),
    fromTest: (text) => text.replaceAll(new RegExp(`${origin}/(https?)/`, 'g'), '$1://'),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** What the pages show as a model's answer. */
function answerTo(prompt: string): string {
  const [, stars, product] = /a (\d)-star review of a ([\w ]+)\./.exec(prompt) ?? []
  if (product !== undefined) {
    return Number(stars) > 3
      ? `This ${product} does what it should, and I would buy it again.`
      : `I had hoped for more: this ${product} was on its way back after a week.`
  }
  if (prompt.includes('one word')) return 'Content'
  const [, words] = /in (\d+) words/.exec(prompt) ?? []
  if (words !== undefined) return exampleText(prompt, Number(words))
  return `An answer to ${prompt.length} characters.`
}
