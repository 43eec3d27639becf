import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

// Loaded with --import: says at the end, on file descriptor 3, which files were imported.

const urls = new Set()

registerHooks({
  load(url, context, next) {
    urls.add(url)
    return next(url, context)
  },
})

process.on('exit', () => writeSync(3, JSON.stringify([...urls])))
