import type { Scalar } from './scalar.ts'

// oxlint-disable-next-line no-control-regex -- they are what is to be shown
const control = /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]/g

/** A value in one line of a report: nothing in it can move a cursor or turn a line around. */
export function valueText(value: Scalar): string {
  if (typeof value !== 'string') return String(value)
  if (value.trim() === '') return JSON.stringify(value)
  return value.replaceAll('\n', '↵').replaceAll(control, '·')
}
