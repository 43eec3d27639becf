import { listKinds } from '../check/list-kinds.ts'
import { hasErrors } from '../check/config-error.ts'
import { formatProblems } from '../config/format-problems.ts'
import type { ListedKind } from '../plugins/kind-registry.ts'
import { jsonLine, visible, visibleLine } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { createScreen, type Paint } from './terminal.ts'
import { padEnd, widthOf, wrap } from './width.ts'

export interface KindsOptions {
  plugin?: readonly string[]
  json?: true
}

export async function runKinds(
  config: string | undefined,
  { plugin: plugins, json }: KindsOptions,
): Promise<ExitCode> {
  const { kinds, problems } = await listKinds({ config, plugins })
  const ok = !hasErrors(problems)
  if (json) process.stdout.write(jsonLine({ ok, kinds, problems }))
  else {
    const screen = createScreen(process.stdout)
    screen.print(kindLines(kinds, screen).join('\n'))
    if (problems.length > 0) process.stderr.write(`${visible(formatProblems(problems))}\n`)
  }
  return ok ? exitCodes.ok : exitCodes.usage
}

/** A family below the other, each kind with what it is and the plugin it is from. */
function kindLines(
  kinds: readonly ListedKind[],
  { style, width }: { style: Paint; width: number },
): string[] {
  const names = Math.max(...kinds.map(({ kind }) => widthOf(visibleLine(kind))))
  const room = Math.max(20, width - names - 4)
  const lines: string[] = []
  for (const [family, members] of Map.groupBy(kinds, (each) => each.family)) {
    lines.push(...(lines.length === 0 ? [] : ['']), style('bold', family))
    for (const { kind, description, plugin } of members) {
      const from = plugin === 'rowsmith' ? '' : ` [${plugin}]`
      const [first = '', ...more] = wrap(visibleLine(`${description}${from}`.trim()), room)
      lines.push(`  ${padEnd(visibleLine(kind), names)}  ${first}`.trimEnd())
      for (const line of more) lines.push(`${' '.repeat(names + 4)}${line}`)
    }
  }
  return lines
}
