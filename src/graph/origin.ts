/** Identifies a plugin and its version. */
export interface Origin {
  readonly name: string
  readonly version: string | null
}
