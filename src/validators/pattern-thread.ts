import { createSharedThread } from './shared-thread.ts'

/**
 * Where patterns are tried: one that would go back and forth for ever ends with its thread, and not
 * with the run.
 */
export const patternThread = createSharedThread({
  name: 'check-pattern.worker',
  home: import.meta.url,
  longestMs: 2_000,
  checks: 1_000_000,
})
