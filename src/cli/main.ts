#!/usr/bin/env node
import module from 'node:module'

// Checked before anything else is loaded: an older Node fails on the imports themselves.
const [major = ''] = process.versions.node.split('.')
if (Number(major) < 24) {
  process.stderr.write(`rowsmith needs Node 24 or later; this is Node ${process.versions.node}.\n`)
  process.exitCode = 1
} else {
  module.enableCompileCache()
  const { answerAtOnce, outliveBrokenOutput } = await import('./at-once.ts')
  outliveBrokenOutput()
  if (!answerAtOnce(process.argv.slice(2))) {
    const { readEnvironmentFile } = await import('./environment-file.ts')
    readEnvironmentFile()
    const { runProgram } = await import('./program.ts')
    process.exitCode = await runProgram(process.argv)
  }
}
