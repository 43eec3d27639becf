import type { GroupSource } from './group-source.ts'

/** The groups of a source until `isFull`: the plan then consists of the groups given so far. */
export function boundedSource(source: GroupSource, isFull: () => boolean): GroupSource {
  let given = 0
  return {
    peek: () => (isFull() ? null : source.peek()),
    take() {
      const group = source.take()
      given += group.size
      return group
    },
    get exhausted() {
      return isFull() || source.exhausted
    },
    get rows() {
      return isFull() ? given : source.rows
    },
    moreOf: (frame) => !isFull() && source.moreOf(frame),
    onMore: (callback) => source.onMore(callback),
  }
}
