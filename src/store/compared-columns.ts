import type { ComparedColumns } from '../profile/score-counts.ts'
import type { RunSettings } from './run-settings.ts'

/** As much of a fingerprint as tells columns of one run apart. */
const enough = 16

/** The columns of a run whose scores are counted together, by position. */
export function comparedColumns({
  compared: lists = [],
  columns,
}: Pick<RunSettings, 'compared' | 'columns'>): ComparedColumns[] {
  return lists.flatMap((names) => {
    const together = names.map((name) => columns.findIndex((column) => column.name === name))
    if (together.includes(-1)) return []
    const prints = together.map((position) => columns[position]?.fingerprint.slice(0, enough))
    const compared = together.map((position) => {
      return { position, hasObjects: columns[position]?.type === 'json' }
    })
    return [{ id: prints.join('+'), columns: compared }]
  })
}
