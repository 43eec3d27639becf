import type { ReplyFacts } from './limiter.ts'

/** Watches whether an endpoint makes requests wait for each other. */
export interface SlowdownWatch {
  /** Requests at once that are of use; `Infinity` until it is known that more only wait. */
  readonly ceiling: number
  note(reply: ReplyFacts, state: { now: number; limit: number; isFull: boolean }): void
}

/** Below this many at once nothing is tried. */
const LEAST_LIMIT = 4
/** Replies of the first window: at the start of a run few are in flight. */
const FIRST_REPLIES = 32
/** Replies of a window, at least, and as a multiple of the limit. */
const WINDOW_REPLIES = 64
const WINDOW_ROUNDS = 2
/** A reply takes so much longer per token than in the best window before fewer are tried. */
const SLOW_RATIO = 1.6
/** Throughput that may be lost to noise. */
const TOLERANCE = 0.03
/** What a reply costs in addition to its tokens, in tokens; makes short answers comparable. */
const FIXED_TOKENS = 16
const FIRST_REST = 8
const LONGEST_REST = 256
/** The best window is forgotten this fast, so that a slower model of today is not held against it. */
const FORGET = 1.0005

interface Trial {
  /** What was in force before, to go back to. */
  ceiling: number
  throughput: number
}

/**
 * Vegas's question, in terms that fit models: replies take longer per token than they did, so would
 * fewer at once be served as fast? It is tried, one step for one window, and only kept when the
 * work done per second did not fall: slow answers, long answers and servers that gain by batching
 * never lower it for longer than that, and each failed try doubles the rest before the next.
 */
export function createSlowdownWatch(cap: () => number): SlowdownWatch {
  let ceiling = Number.POSITIVE_INFINITY
  let best = Number.POSITIVE_INFINITY
  let rest = 0
  let restLength = FIRST_REST
  let trial: Trial | null = null
  /** Replies of requests that left before a change are not of its window. */
  let settling = false
  let window = emptyWindow()

  function endWindow(now: number, limit: number): void {
    const seconds = (now - window.began) / 1000
    const pace = window.latency / window.work
    const throughput = seconds > 0 ? window.work / seconds : 0
    const isFull = window.full >= 0.8 * window.replies
    const wasSettling = settling || best === Number.POSITIVE_INFINITY
    settling = false
    window = emptyWindow(now)
    best = Math.min(best * FORGET, pace)
    if (!isFull) {
      giveUpTrial()
      return
    }
    if (wasSettling) return
    if (trial !== null) judge(trial, throughput)
    if (rest > 0) {
      rest -= 1
      return
    }
    if (pace > SLOW_RATIO * best && limit > LEAST_LIMIT) {
      trial = { ceiling, throughput }
      const step = Math.min(0.95, Math.max(0.7, Math.sqrt((SLOW_RATIO * best) / pace)))
      ceiling = Math.max(LEAST_LIMIT, Math.floor(limit * step))
      settling = true
    } else if (pace < 0.8 * SLOW_RATIO * best && ceiling < cap()) {
      ceiling += Math.max(1, Math.floor(ceiling / 32))
      if (ceiling >= cap()) ceiling = Number.POSITIVE_INFINITY
    }
  }

  function judge(tried: Trial, throughput: number): void {
    trial = null
    if (throughput >= tried.throughput * (1 - TOLERANCE)) {
      restLength = FIRST_REST
      return
    }
    ceiling = tried.ceiling
    settling = true
    rest = restLength
    restLength = Math.min(LONGEST_REST, restLength * 2)
  }

  function giveUpTrial(): void {
    if (trial !== null) ceiling = trial.ceiling
    trial = null
  }

  return {
    get ceiling() {
      return ceiling
    },
    note({ latencyMs, outputTokens }, { now, limit, isFull }) {
      if (window.replies === 0) window.began = now - 1e-3
      window.replies += 1
      window.latency += latencyMs
      window.work += outputTokens + FIXED_TOKENS
      if (isFull) window.full += 1
      const isFirst = best === Number.POSITIVE_INFINITY
      const replies = isFirst ? FIRST_REPLIES : Math.max(WINDOW_REPLIES, WINDOW_ROUNDS * limit)
      if (window.replies >= replies) endWindow(now, limit)
    },
  }
}

function emptyWindow(began = 0) {
  return { began, replies: 0, latency: 0, work: 0, full: 0 }
}
