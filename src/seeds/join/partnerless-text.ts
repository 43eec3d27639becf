import type { SeedJoin } from '../../config/dataset.ts'
import { counted, grouped } from '../../util/format.ts'
import type { JoinCount } from '../define.ts'

/** What is said of a join of which some rows have no partner. */
export function partnerlessText({ rows, withoutPartner }: JoinCount, how: SeedJoin['how']): string {
  const have = withoutPartner === 1 ? 'has' : 'have'
  const are = withoutPartner === 1 ? 'is' : 'are'
  const become = how === 'inner' ? 'left out' : 'kept without its values'
  return `${grouped(withoutPartner)} of ${counted(rows, 'row')} of the seed ${have} no partner here, and ${are} ${become}`
}
