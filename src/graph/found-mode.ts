import type { OutputMode } from '../config/output-mode.ts'

/** A mode that does not work with a model, and why. */
export interface LeftMode {
  readonly mode: OutputMode
  /** The endpoint's own words, or what its answers lacked. */
  readonly why: string
  /** The endpoint refused a request; otherwise it took the mode and did not hold the model to it. */
  readonly refused: boolean
  /** The name of the one form of an answer it is about; null for all of the model. */
  readonly form: string | null
}

/** What was determined of how one model is best held to the form of its answers. */
export interface FoundMode {
  /** The type of the provider. */
  readonly provider: string
  /** The address; the provider's name for what runs in the process. */
  readonly endpoint: string
  readonly model: string
  readonly mode: OutputMode
  /** Forms of answers for which it is another one, by name. */
  readonly forms: Readonly<Record<string, OutputMode>>
  /** In the order in which they were given up. */
  readonly left: readonly LeftMode[]
}
