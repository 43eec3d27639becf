import { createHash } from 'node:crypto'
import { textOf } from '../graph/fingerprint.ts'
import type { SchedulerOptions } from '../scheduler/scheduler.ts'

/**
 * What an exchange is known by: what was asked, and the model that an alias stands for rather than
 * its name, or the name of a step, or that of a server of tools, which may move.
 */
export function createExchangeHash(
  identityOf: (alias: string) => unknown,
): SchedulerOptions['exchangeHash'] {
  return (partner, asked) => {
    const whom =
      'route' in partner ? { model: identityOf(partner.route) ?? partner.route } : partner
    return createHash('sha256')
      .update(textOf({ ...whom, asked }))
      .digest('hex')
  }
}
