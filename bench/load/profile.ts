/** What V8's profiler writes, as far as it is read here. */
export interface CpuProfile {
  nodes: {
    id: number
    callFrame: { functionName: string; url: string }
    children?: number[]
  }[]
  samples: number[]
  timeDeltas: number[]
}

/** Functions of the provider that read a reply; the rest of it sends one. */
const parsing = /^(readReply|readChoice|readUsage|contentText|count|finish)$/

/**
 * Microseconds of self time by subject. What has no subject of its own (a library, a built-in)
 * belongs to the nearest caller that has one.
 */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Record<string, number> {
  const subjects = new Map<number, string>()
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const visit = (id: number, above: string): void => {
    const node = byId.get(id)
    if (node === undefined) return
    const subject = subjectOf(node.callFrame) ?? above
    subjects.set(id, subject)
    for (const child of node.children ?? []) visit(child, subject)
  }
  const [root] = nodes
  if (root !== undefined) visit(root.id, 'other')
  const times: Record<string, number> = {}
  samples.forEach((id, index) => {
    const subject = subjects.get(id) ?? 'other'
    times[subject] = (times[subject] ?? 0) + (timeDeltas[index] ?? 0)
  })
  return times
}

function subjectOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string | null {
  if (functionName === '(idle)') return 'idle'
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (functionName === '(program)') return 'native code outside functions'
  if (url.includes('/undici/')) return 'HTTP'
  if (/node:(net|internal\/(stream_base_commons|streams|timers|dns))/.test(url)) return 'HTTP'
  const source = /\/(?:src|dist)\/([a-z]+)\/([^/]+)\.[jt]s$/.exec(url)
  if (source === null) return null
  const [, folder = '', file = ''] = source
  switch (folder) {
    case 'models':
      return parsing.test(functionName) ? 'parsing' : 'HTTP'
    case 'columns':
      return parsing.test(functionName) ? 'parsing' : 'rendering'
    case 'templates':
    case 'samplers':
    case 'random':
      return 'rendering'
    case 'store':
      return 'ledger and parts'
    case 'scheduler':
      return file === 'assemble' || file === 'known-cells' ? 'ledger and parts' : 'engine'
    case 'limits':
    case 'plan':
    case 'graph':
    case 'run':
      return 'engine'
    default:
      return null
  }
}
