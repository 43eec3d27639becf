export { jsonLine, visibleLine } from '../util/visible.ts'
