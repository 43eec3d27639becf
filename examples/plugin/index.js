import { definePlugin } from 'rowsmith/plugin'
import { echo } from './echo.js'
import { wordList } from './word-list.js'
import { zipf } from './zipf.js'

export default definePlugin({
  name: 'rowsmith-plugin-example',
  version: '1.0.0',
  columns: [wordList],
  samplers: [zipf],
  providers: [echo],
})
