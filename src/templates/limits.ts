import { TemplateError } from './template-error.ts'

/**
 * What one render may use; no template gets around these. Steps and not time: what is made again
 * for a part must come out the same on a machine that is busier.
 */
export const limits = {
  /**
   * Loop rounds, calls, every list or object walked inside another, a step per 32 characters that
   * a filter, test or method works on, and per 256 characters or 16 items made on the way.
   */
  steps: 1_000_000,
  /** Macros, recursive loops and callers inside one another. */
  calls: 100,
  /** UTF-16 units of the output and of every text on the way. */
  characters: 16 * 1024 * 1024,
  /** Items of every list on the way. */
  items: 1_000_000,
  /** Numbers of a `range`, as Jinja's sandbox has it. */
  range: 100_000,
  /** Size of an integer. */
  bits: 65_536,
  /** Lists and objects inside one another. */
  nesting: 200,
} as const

// Rendering is synchronous, so one account is open at a time; a render inside a render (a scope
// that renders on demand) puts the outer account back when it ends.
let stepsLeft = 0
let callsOpen = 0

/** Runs one render with a fresh account. */
export function withLimits<T>(run: () => T): T {
  const outerSteps = stepsLeft
  const outerCalls = callsOpen
  stepsLeft = limits.steps
  callsOpen = 0
  try {
    return run()
  } catch (thrown) {
    // Deep nesting of things that are each allowed; nothing is left half done by unwinding.
    if (thrown instanceof RangeError) {
      throw new TemplateError('the template nests too deeply or makes a value that is too large')
    }
    throw thrown
  } finally {
    stepsLeft = outerSteps
    callsOpen = outerCalls
  }
}

export function spend(steps: number): void {
  stepsLeft -= steps
  if (stepsLeft < 0) {
    throw new TemplateError(`the template takes more than ${count(limits.steps)} steps`)
  }
}

/**
 * Accounts for a walk into a list or object inside another. A value can hold the same part many
 * times over, so what is walked may be far more than what was made.
 */
export function descend(depth: number): void {
  if (depth > limits.nesting) {
    throw new TemplateError(`a value nests more than ${limits.nesting} levels deep`)
  }
  if (depth > 0) spend(1)
}

/** Accounts for a text about to be made or walked. */
export function spendText(characters: number): void {
  if (characters > limits.characters) {
    throw new TemplateError(`a text would exceed ${count(limits.characters)} characters`)
  }
  if (characters > 255) spend(characters >>> 8)
}

/** Accounts for a list about to be made or walked. */
export function spendItems(items: number): void {
  if (items > limits.items) {
    throw new TemplateError(`a list would exceed ${count(limits.items)} items`)
  }
  if (items > 15) spend(items >>> 4)
}

/** Refuses an integer before it is made. */
export function checkBits(bits: number): void {
  if (bits > limits.bits) {
    throw new TemplateError(`an integer would exceed ${count(limits.bits)} bits`)
  }
  if (bits > 1023) spend(bits >>> 6)
}

/** Runs a macro, a caller or a recursive loop. */
export function nested<T>(run: () => T): T {
  spend(1)
  if (++callsOpen > limits.calls) {
    callsOpen--
    throw new TemplateError(`more than ${limits.calls} calls inside one another`)
  }
  try {
    return run()
  } finally {
    callsOpen--
  }
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
