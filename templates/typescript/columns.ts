import { defineCustom } from 'rowsmith'

/** Words of the review that are longer than six letters: a column made by a function of your own. */
export const longWords = defineCustom({
  requiredColumns: ['review'],
  generate: (row: { review: string }) =>
    row.review.split(/[^A-Za-z]+/).filter((word) => word.length > 6).length,
})
