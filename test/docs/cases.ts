import { createDesk } from '../e2e/command.ts'
import type { Case } from './case.ts'
import { cellCases } from './cell-cases.ts'
import { configCases } from './config-cases.ts'
import { endpointCases } from './endpoint-cases.ts'
import { folderCases } from './folder-cases.ts'

/*
 * What goes wrong on the page on troubleshooting: each case makes it happen with the real command
 * line and answers what was printed. A block of the page shows it: ```text case=NAME
 */
const cases: ReadonlyMap<string, Case> = new Map(
  Object.entries({ ...configCases, ...endpointCases, ...cellCases, ...folderCases }),
)

export const caseNames: readonly string[] = [...cases.keys()]
/** What is printed in a case; null where this machine can't make it happen. */
export async function runCase(name: string): Promise<string | null> {
  const found = cases.get(name)
  if (found === undefined) throw new Error(`there is no case "${name}" in test/docs/cases.ts`)
  await using desk = await createDesk()
  const text = await found({
    desk,
    async run(command, code, environment) {
      const ended = await desk.run(command.split(' '), environment)
      if (ended.code === code) return ended
      throw new Error(
        `"${command}" ended with ${ended.code} instead of ${code}:\n${ended.stderr}${ended.stdout}`,
      )
    },
  })
  return text === null
    ? null
    : text.replaceAll(`${desk.directory}/`, '').replaceAll('127.0.0.1:', 'localhost:')
}
