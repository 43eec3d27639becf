import { pull } from '../hub/pull.ts'
import { counted, size } from '../util/format.ts'
import { jsonLine } from '../util/visible.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shortPath } from './report-run.ts'
import { createScreen } from './terminal.ts'
import { createWaiting } from './watch.ts'

export interface PullWords {
  revision?: string
  force?: true
  tokenEnv?: string
  json?: true
}

export async function runPull(
  repository: string,
  directory: string,
  { json, ...options }: PullWords,
): Promise<ExitCode> {
  const screen = createScreen(process.stderr)
  using waiting = createWaiting({ screen, name: repository, begin: 'asking the Hub' })
  const pulled = await pull(repository, directory, { ...options, onEvent: waiting.onEvent })
  waiting[Symbol.dispose]()
  if (json === true) {
    process.stdout.write(jsonLine(pulled))
    return exitCodes.ok
  }
  const { dir, commit, downloaded, unchanged, isRun } = pulled
  const bytes = downloaded.reduce((sum, file) => sum + file.bytes, 0)
  const facts = [
    downloaded.length === 0
      ? 'nothing to download'
      : `${counted(downloaded.length, 'file')} downloaded (${size(bytes)})`,
    ...(unchanged > 0 ? [`${counted(unchanged, 'file')} unchanged`] : []),
  ]
  screen.print(`${shortPath(dir)}: ${facts.join(', ')}, commit ${commit.slice(0, 8)}`)
  screen.print(
    isRun
      ? `It is a run folder: rowsmith show ${shortPath(dir)}`
      : `As a seed: source: { seed_type: local, path: ${shortPath(dir)}/data/*.parquet }`,
  )
  return exitCodes.ok
}
