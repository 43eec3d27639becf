/*
 * Programs that run inside of the isolation. Each reads `{ word, setup, code, test }` as JSON from its
 * input, runs what is there in this order, and reports its progress on its third stream. The reader
 * trusts only lines with the word, which no snippet knows beforehand: one that ends the process passed nothing.
 */

export const pythonRunner = `
import json, os, sys
job = json.loads(sys.stdin.buffer.read().decode("utf-8"))
word = job.pop("word")
def tell(stage, error=None):
    sys.stdout.flush()
    os.write(3, (json.dumps({"word": word, "stage": stage, "error": error}) + "\\n").encode())
space = {"__name__": "__main__", "__builtins__": __builtins__}
for stage in ("setup", "code", "test"):
    text = job.get(stage)
    if text is None:
        continue
    try:
        exec(compile(text, stage, "exec"), space)
    except SystemExit as error:
        if stage == "test" or error.code not in (None, 0):
            tell(stage, "SystemExit: " + str(error.code))
            os._exit(1)
    except BaseException as error:
        line = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == stage:
                line = trace.tb_lineno
            trace = trace.tb_next
        if isinstance(error, SyntaxError):
            line = error.lineno
        text = type(error).__name__ + (": " + str(error) if str(error) else "")
        tell(stage, text if line is None else text + " (line " + str(line) + ")")
        os._exit(1)
tell("done")
os._exit(0)
`

export const javascriptRunner = `
{
const { readFileSync, writeFileSync, writeSync } = require('node:fs')
const { word, setup, code, test } = JSON.parse(readFileSync(0, 'utf8'))
const state = { stage: 'code' }
const tell = (stage, error = null) => writeSync(3, JSON.stringify({ word, stage, error }) + '\\n')
const exit = process.exit.bind(process)
const fail = (error) => {
  tell(state.stage, error instanceof Error ? error.name + ': ' + error.message : String(error))
  exit(1)
}
process.on('uncaughtException', fail)
globalThis.assert = require('node:assert/strict')
const parts = [setup, code, test === null ? null : ';__stage();\\n' + test]
const text = parts.filter((part) => part !== null).join('\\n')
Object.defineProperty(globalThis, '__stage', { value: () => { state.stage = 'test' } })
const isModule = /^\\s*(?:import|export)\\b/m.test(text) || /^\\s*await\\b/m.test(text)
const file = '/scratch/snippet.' + (isModule ? 'mjs' : 'cjs')
writeFileSync(file, text)
import(file).then(() => { tell('done'); exit(0) }, fail)
}
`

export const sqlRunner = `
const { readFileSync, writeSync } = require('node:fs')
const { DatabaseSync } = require('node:sqlite')
const { word, setup, code, test } = JSON.parse(readFileSync(0, 'utf8'))
const database = new DatabaseSync(':memory:')
const tell = (stage, error = null) => writeSync(3, JSON.stringify({ word, stage, error }) + '\\n')
const quoted = (name) => '"' + String(name).replaceAll('"', '""') + '"'
let stage = 'setup'
try {
  if (setup !== null) database.exec(setup)
  stage = 'code'
  const rest = [...code]
  const last = rest.pop()
  for (const statement of rest) database.exec(statement)
  if (last !== undefined) {
    const statement = database.prepare(last)
    const columns = statement.columns().map(({ name }) => name)
    if (columns.length === 0) statement.run()
    else {
      const names = columns.map((name, at) => (columns.indexOf(name) === at ? name : name + ':' + at))
      statement.setReturnArrays(true)
      const rows = statement.all()
      database.exec('CREATE TEMP TABLE result (' + names.map(quoted).join(', ') + ')')
      const insert = database.prepare('INSERT INTO result VALUES (' + names.map(() => '?').join(', ') + ')')
      for (const row of rows) insert.run(...row)
      console.log(JSON.stringify(rows.slice(0, 20)))
    }
  }
  stage = 'test'
  for (const statement of test ?? []) {
    const prepared = database.prepare(statement)
    if (prepared.columns().length === 0) { prepared.run(); continue }
    prepared.setReturnArrays(true)
    const rows = prepared.all()
    if (rows.length === 0) throw new Error('no row: ' + statement.trim())
    if (rows.some((row) => row.some((value) => !value))) throw new Error('not true: ' + statement.trim())
  }
  tell('done')
} catch (error) {
  tell(stage, error.message)
  process.exitCode = 1
}
`
