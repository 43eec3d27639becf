#!/usr/bin/env node
// `npm create rowsmith my-dataset` is `rowsmith init my-dataset`.
const [major] = process.versions.node.split('.')
if (Number(major) < 24) {
  process.stderr.write(`rowsmith needs Node 24 or later; this is Node ${process.versions.node}.\n`)
  process.exitCode = 1
} else {
  process.argv.splice(2, 0, 'init')
  await import(new URL('cli/main.js', import.meta.resolve('rowsmith')).href)
}
