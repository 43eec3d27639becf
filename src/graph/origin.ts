/** A plugin, told from others and from its own other versions. */
export interface Origin {
  readonly name: string
  readonly version: string | null
}
