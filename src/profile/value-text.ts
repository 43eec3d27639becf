import { visibleLine } from '../util/visible.ts'
import type { Scalar } from './scalar.ts'

/** A value in one line of a report. */
export function valueText(value: Scalar): string {
  if (typeof value !== 'string') return String(value)
  return visibleLine(value.trim() === '' ? JSON.stringify(value) : value)
}
