import { queryObjects } from 'node:v8'
import { OpenGroup } from '../../src/scheduler/open-group.ts'
import { createEngine, type Engine } from '../support/engine.ts'

// Prints what preparing a run allocates: plan, part tracker and scheduler, before the first turn.
// A process of its own, in which nothing is collected while it is measured (see the test's flags).

const groupRows = 2
const columns = [{ name: 'topic' }, { name: 'text', route: 'm', after: ['topic'] }]

function prepare(groups: number): Engine {
  return createEngine({
    columns,
    rows: groups * groupRows,
    groupRows,
    partRows: 4096,
    slots: { m: 64 },
  })
}

function bytesOfPreparing(groups: number): number {
  gc?.()
  const before = process.memoryUsage()
  const engine = prepare(groups)
  const after = process.memoryUsage()
  // Also the proof that it was made, and not optimised away.
  if (engine.scheduler.snapshot().rows.remaining !== groups * groupRows) throw new Error('no run')
  return after.heapUsed - before.heapUsed + Math.max(0, after.arrayBuffers - before.arrayBuffers)
}

for (let round = 0; round < 5; round += 1) prepare(10)
console.log(
  JSON.stringify({
    million: bytesOfPreparing(1_000_000),
    billion: bytesOfPreparing(1_000_000_000),
    openGroups: queryObjects(OpenGroup, { format: 'count' }),
  }),
)
