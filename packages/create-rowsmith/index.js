#!/usr/bin/env node
// `npm create rowsmith my-dataset` is `rowsmith init my-dataset`.
process.argv.splice(2, 0, 'init')
await import(new URL('cli/main.js', import.meta.resolve('rowsmith')).href)
