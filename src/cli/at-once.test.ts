import { expect, test } from 'vitest'
import { helpText, helpWidth } from './at-once.ts'
import { createProgram } from './program.ts'

test.each([helpWidth, 200])('the help at %i columns is what the parser prints', (width) => {
  let printed = ''
  createProgram(() => undefined)
    .configureOutput({ writeOut: (text) => (printed += text), getOutHelpWidth: () => width })
    .outputHelp()
  expect(helpText).toBe(printed)
})
