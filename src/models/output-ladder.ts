import type { OutputMode } from '../config/output-mode.ts'
import type { FoundMode, LeftMode } from '../graph/found-mode.ts'
import { RequestError } from '../graph/request-error.ts'
import type { ChatRequest, ModelReply } from '../graph/request.ts'
import type { Clock } from '../util/clock.ts'
import { untilAborted } from './deadline.ts'
import { answerOf, holdsTo, inMode } from './output-reply.ts'
import { hasBounds } from './strict-schema.ts'

/** A request whose answer has a form. */
export type FormRequest = ChatRequest & { readonly format: NonNullable<ChatRequest['format']> }

export interface LadderOptions {
  about: Pick<FoundMode, 'provider' | 'endpoint' | 'model'>
  /** What the provider can do, the best first; `prompt` needs nothing of it. */
  modes: readonly OutputMode[]
  clock: Clock
  /** Something else is known now; `left` is a mode that was given up, for a request of this alias. */
  changed: (alias: string, left: LeftMode | null) => void
}

interface SendOptions {
  alias: string
  send: (request: ChatRequest) => Promise<ModelReply>
  signal: AbortSignal
}

/** How one model is held to the forms of its answers: the best mode that works there. */
export interface OutputLadder {
  send(request: FormRequest, options: SendOptions): Promise<ModelReply>
  /** Null before anything is known. */
  readonly found: FoundMode | null
  /** Takes up what an earlier session found. */
  recall(found: FoundMode): void
}

/** A mode that does not work, and where the next one is. */
type Leaving = Omit<LeftMode, 'mode'> & { step: number; to: number }

/** A refusal comes quickly; an answer may take minutes, and no one waits for it that long. */
const PATIENCE_MS = 2_000
/** Answers that are looked at before it is believed that the model is held to their form. */
const LOOKED_AT = 20
/** So many of them in another form: the mode is taken and ignored. */
const MOST_IGNORED = 3
/** Requests that were refused in every mode: further ones are refused for what they say. */
const MOST_IN_VAIN = 3
/** Failures of the server in a row, before anything was answered in a mode. */
const MOST_BROKEN = 3

/**
 * A mode that is refused, or taken and ignored, is given up for the next one. A refusal is no failure of the
 * cell: its request goes again at once. Where a refusal does not say what it is about, it is about the
 * mode if the same request is answered in a later one.
 *
 * While nothing is known, one request goes first and the others wait for it, for a little while.
 */
export function createOutputLadder(options: LadderOptions): OutputLadder {
  const { about, clock, changed } = options
  const modes: readonly OutputMode[] = [...options.modes, 'prompt']
  const last = modes.length - 1
  let at = 0
  /** Whether a request was answered in this mode, now or in an earlier session. */
  let isKnown = false
  /** Forms that this mode does not take while others are answered in it. */
  const ownSteps = new Map<string, number>()
  /** The step in which a form was answered last. */
  const answered = new Map<string, number>()
  const left: LeftMode[] = []
  let trial: Promise<void> | null = null
  let inVain = 0
  let broken = 0
  let looked = 0
  let ignored = 0

  const modeAt = (step: number): OutputMode => modes[step] ?? 'prompt'
  const stepOf = (form: string): number => Math.max(at, ownSteps.get(form) ?? 0)
  /** A schema without bounds is the same without them. */
  function nextOf(step: number, bounds: boolean): number {
    return modeAt(step + 1) === 'bare_schema' && !bounds ? step + 2 : step + 1
  }

  function send(request: FormRequest, sending: SendOptions): Promise<ModelReply> {
    if (!isKnown && at < last) return sendWaiting(request, sending)
    // Nearly every request: one promise, and no loop.
    const step = stepOf(request.format.name)
    return sending.send(inMode(request, modeAt(step))).then(
      (reply) => finish(request, reply, { step, alias: sending.alias }),
      (error: unknown) => ask(request, sending, { step, error }),
    )
  }

  async function sendWaiting(request: FormRequest, sending: SendOptions): Promise<ModelReply> {
    const until = clock.now() + PATIENCE_MS
    for (;;) {
      if (isKnown || at === last) break
      if (trial === null) return tryFirst(request, sending)
      const waitMs = until - clock.now()
      if (waitMs <= 0) break
      await untilAborted(atMost(trial, waitMs, clock), sending.signal)
    }
    return ask(request, sending)
  }

  async function tryFirst(request: FormRequest, sending: SendOptions): Promise<ModelReply> {
    const { promise, resolve } = Promise.withResolvers<void>()
    trial = promise
    try {
      return await ask(request, sending)
    } finally {
      trial = null
      resolve()
    }
  }

  /** `failed` is a try that was made. */
  async function ask(
    request: FormRequest,
    sending: SendOptions,
    failed: { step: number; error: unknown } | null = null,
  ): Promise<ModelReply> {
    const { name, schema } = request.format
    const { alias } = sending
    const guesses: Leaving[] = []
    let step = failed?.step ?? stepOf(name)
    for (let tries = 0; ; tries += 1) {
      const outcome =
        failed !== null && tries === 0
          ? failed
          : await settled(sending.send(inMode(request, modeAt(step))))
      if ('reply' in outcome) {
        for (const guess of guesses) leave(guess, alias)
        return finish(request, outcome.reply, { step, alias })
      }
      const { error } = outcome
      const refusal = step === last ? null : refusalOf(error, answered.get(name) === step)
      if (refusal === null) {
        if (guesses.length > 0 && isRefused(error)) inVain += 1
        throw error
      }
      const { why, isCertain } = refusal
      const to = nextOf(step, hasBounds(schema))
      const leaving = { step, to, why, refused: true, form: name }
      // Behind a guess, what is certain waits with it: a mode is given up after those before it.
      if (isCertain && guesses.length === 0) leave(leaving, alias)
      else guesses.push(leaving)
      step = Math.max(to, stepOf(name))
    }
  }

  function finish(
    request: FormRequest,
    reply: ModelReply,
    { step, alias }: { step: number; alias: string },
  ): ModelReply {
    noteAnswer(request.format.name, step, alias)
    const mode = modeAt(step)
    if (step === at && looked < LOOKED_AT && mode !== 'prompt') look(request, reply, alias)
    return { ...answerOf(reply, request, mode), outputMode: mode }
  }

  /** Null for what is not about the mode. */
  function refusalOf(
    error: unknown,
    wasAnswered: boolean,
  ): { why: string; isCertain: boolean } | null {
    // What it cost would belong to no one.
    if (!(error instanceof RequestError) || error.usage !== null) return null
    const why = error.detail ?? error.message
    const { code } = error
    const isWorded = wordsOfModes.test(why) && (isRefused(error) || code === 'server-error')
    // It is about this one request, where others with the form are answered: the next mode may take it.
    if (isWorded) return { why, isCertain: !wasAnswered }
    if (wasAnswered || inVain >= MOST_IN_VAIN) return null
    if (code === 'bad-request' || code === 'not-found') return { why, isCertain: false }
    if (code !== 'server-error' && code !== 'bad-reply') return null
    broken += 1
    return broken < MOST_BROKEN ? null : { why, isCertain: false }
  }

  function noteAnswer(form: string, step: number, alias: string): void {
    inVain = 0
    broken = 0
    if (answered.get(form) === step) return
    answered.set(form, step)
    if (isKnown || step !== at) return
    isKnown = true
    changed(alias, null)
  }

  function look(request: FormRequest, reply: ModelReply, alias: string): void {
    const holds = holdsTo(reply, request, modeAt(at))
    if (holds === null) return
    looked += 1
    if (holds) return
    ignored += 1
    if (ignored < MOST_IGNORED) return
    const why = `${ignored} of the first ${looked} answers did not fit the requested schema`
    leave({ step: at, to: nextOf(at, false), why, refused: false, form: null }, alias)
  }

  /** Another request of many in flight may have said it before. */
  function leave({ step, to, ...why }: Leaving, alias: string): void {
    const { form } = why
    if (step < (form === null ? at : stepOf(form))) return
    const mode = modeAt(step)
    const takesOthers = [...answered].some(([other, taken]) => other !== form && taken === step)
    const isOwn = form !== null && (step > at || takesOthers)
    const told = { mode, ...why, form: isOwn ? form : null }
    if (isOwn) ownSteps.set(form, to)
    else {
      at = to
      isKnown = false
      looked = 0
      ignored = 0
    }
    broken = 0
    left.push(told)
    changed(alias, told)
  }

  return {
    send,
    get found() {
      if (!isKnown && left.length === 0) return null
      const own = [...ownSteps].filter(([, step]) => step > at)
      const forms = Object.fromEntries(own.map(([form, step]) => [form, modeAt(step)]))
      return { ...about, mode: modeAt(at), forms, left: [...left] }
    },
    recall(found) {
      const step = modes.indexOf(found.mode)
      if (step < 0) return
      at = step
      isKnown = true
      left.splice(0, Infinity, ...found.left)
      for (const [form, mode] of Object.entries(found.forms)) {
        if (modes.includes(mode)) ownSteps.set(form, modes.indexOf(mode))
      }
    },
  }
}

const wordsOfModes =
  /response.?format|json.?schema|json.?object|json.?mode|structured.?output|output_config|output_format|guided|grammar|tool.?(?:choice|call)|\btools?\b|function.?call/i

function isRefused(error: unknown): boolean {
  if (!(error instanceof RequestError)) return false
  const { kind } = error.problem
  return kind === 'refused' || kind === 'suspect'
}

/** A promise's outcome as a value; an abort is an error like any other here. */
async function settled(
  sent: Promise<ModelReply>,
): Promise<{ reply: ModelReply } | { error: unknown }> {
  try {
    return { reply: await sent }
  } catch (error) {
    return { error }
  }
}

/** The promise, which never rejects, or the time. */
function atMost(promise: Promise<void>, longestMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(longestMs, resolve)
    promise.then(resolve, resolve).finally(() => timer.cancel())
  })
}
