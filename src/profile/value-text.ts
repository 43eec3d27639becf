import { visibleLine } from '../util/visible.ts'
import type { Scalar } from './scalar.ts'

/** A value in one line of a report. */
export function valueText(value: Scalar): string {
  if (typeof value !== 'string') return String(value)
  return visibleLine(value.trim() === '' ? JSON.stringify(value) : value)
}

/** As much of a message as a page has room for. */
export function clipped(message: string): string {
  return message.length > 400 ? `${message.slice(0, 399)}…` : message
}
