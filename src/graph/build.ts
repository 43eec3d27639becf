import type { ColumnConfig } from '../config/dataset.ts'
import type { CompileInput, Draft, DraftColumn, Edge, KindTable } from './draft.ts'
import { fingerprintOf, materialOf, sideMaterialOf } from './fingerprint.ts'
import type { Graph, GraphColumn } from './graph.ts'
import { type ColumnDescription, type ColumnKind, nothingLoaded } from './kind.ts'
import { orderColumns } from './order-columns.ts'
import type { Origin } from './origin.ts'
import { seedColumnType } from './parse-columns.ts'

/** A graph column before its id lists, which need all ids, are known. */
type Node = GraphColumn & {
  dependants: number[]
  sides: number[]
}

/** The graph of a draft without problems. */
export function buildGraph({ input, columns, output, steps, agreements }: Draft): Graph {
  const nodes: Node[] = []
  const byName = new Map<string, number>()
  const filters = new Map<DraftColumn, number>()
  const context = { ...input, filters, left: new Set(output.map(({ name }) => name)) }
  for (const draft of orderColumns(columns)) {
    const node = columnNode(checked(draft), nodes, byName, context)
    nodes.push(node)
    if (node.rejects !== null) filters.set(draft, node.id)
    if (node.filter === null) byName.set(node.name, node.id)
    for (const side of draft.description?.sides ?? []) {
      const sideNode = nodeOfSide(side, node, nodes.length, context)
      node.sides.push(sideNode.id)
      nodes.push(sideNode)
      byName.set(sideNode.name, sideNode.id)
    }
  }
  for (const node of nodes) {
    for (const id of node.upstream) nodes[id]?.dependants.push(node.id)
  }
  const order = columns.flatMap(({ name }) => {
    const id = byName.get(name)
    return id === undefined ? [] : [id, ...(nodes[id]?.sides ?? [])]
  })
  return { columns: nodes, order, processors: steps, output, agreements, byName }
}

interface CheckedColumn {
  draft: DraftColumn
  kind: ColumnKind
  config: ColumnConfig
  description: ColumnDescription
}

function checked(draft: DraftColumn): CheckedColumn {
  const { kind, config, description } = draft
  if (kind === null || config === null || description === null) {
    throw new Error(`column ${draft.name} has problems and can't be built`)
  }
  return { draft, kind, config, description }
}

interface BuildContext extends Pick<
  CompileInput,
  'seed' | 'hash' | 'registry' | 'loaded' | 'standsFor'
> {
  /** Ids of the columns that reject rows. */
  filters: ReadonlyMap<DraftColumn, number>
  /** Names of the dataset's columns. */
  left: ReadonlySet<string>
}

function columnNode(
  { draft, kind, config, description }: CheckedColumn,
  nodes: readonly Node[],
  byName: ReadonlyMap<string, number>,
  { seed, hash, registry, loaded, filters, left, standsFor = itself }: BuildContext,
): Node {
  const read = idsOf(draft.edges, byName)
  const gates = draft.gates.map((gate) => filters.get(gate) ?? -1)
  const upstream = gates.length === 0 ? read : ascending([...read, ...gates])
  const fingerprints = new Map<string, string>()
  let depth = 0
  for (const id of upstream) {
    const before = nodes[id]
    if (before === undefined) throw new Error(`column ${draft.name} comes before its upstream`)
    // A filter decides which rows there are, and no value.
    if (!gates.includes(id)) fingerprints.set(before.name, before.fingerprint)
    depth = Math.max(depth, before.depth + 1)
  }
  const own = loaded.get(draft.name) ?? nothingLoaded
  const material = materialOf({
    config,
    identity: description.identity,
    loaded: own.identity,
    plugin: originOf(draft, kind, registry),
    seed: kind.type === seedColumnType ? (seed?.identity ?? null) : null,
  })
  const ownFingerprint = fingerprintOf(material, fingerprints, hash)
  return {
    id: nodes.length,
    name: draft.name,
    kind,
    config,
    loaded: own,
    by: description.by,
    pure: description.pure,
    type: description.output,
    upstream,
    required: idsOf(
      draft.edges.filter(({ required }) => required),
      byName,
    ),
    dependants: [],
    depth,
    routes: description.routes,
    tools: description.tools ?? [],
    requests: requestsOf(description),
    sides: [],
    producer: null,
    skip: draft.skip,
    propagateSkip: config.propagate_skip,
    onFailure: config.on_failure,
    drop: !left.has(draft.name),
    rejects: description.rejects?.code ?? null,
    filter: draft.filter === null ? null : draft.path,
    distribution: description.distribution ?? null,
    scores: description.scores ?? [],
    fingerprint: standsFor(ownFingerprint, { name: draft.name, producer: null }),
    ownFingerprint,
    material,
  }
}

function originOf(
  { filter }: DraftColumn,
  { type }: ColumnKind,
  registry: KindTable,
): Origin | null {
  if (filter === null) return registry.originOf(type)
  return filter.processor === null ? null : registry.processorOriginOf(filter.processor.kind.type)
}

/** One route of one request is the fast form; everything else takes its routes as it goes. */
function requestsOf({ routes }: ColumnDescription): GraphColumn['requests'] {
  const [first] = routes
  if (first === undefined) return 'none'
  return routes.length === 1 ? first.requests : 'many'
}

/**
 * A side column waits for its producer only and shares its fate; it is not dropped with it, only
 * by its own name.
 */
function nodeOfSide(
  { name, output }: { name: string; output: GraphColumn['type'] },
  producer: Node,
  id: number,
  { hash, left, standsFor = itself }: BuildContext,
): Node {
  const material = sideMaterialOf(producer.material, name)
  const above = new Map([[producer.name, producer.fingerprint]])
  const ownFingerprint = fingerprintOf(material, above, hash)
  return {
    ...producer,
    id,
    name,
    type: output,
    upstream: [producer.id],
    required: [producer.id],
    dependants: [],
    routes: [],
    tools: [],
    requests: 'none',
    sides: [],
    producer: producer.id,
    skip: null,
    propagateSkip: true,
    distribution: null,
    scores: [],
    drop: !left.has(name),
    rejects: null,
    fingerprint: standsFor(ownFingerprint, { name, producer: producer.name }),
    ownFingerprint,
    material,
  }
}

function itself(fingerprint: string): string {
  return fingerprint
}

/** Ids of the referenced columns, sides by their own id, ascending and each once. */
function idsOf(edges: readonly Edge[], byName: ReadonlyMap<string, number>): number[] {
  const ids = edges.map(({ reference: { name } }) => byName.get(name) ?? -1)
  return ascending(ids)
}

/** Each once. */
function ascending(ids: readonly number[]): number[] {
  return [...new Set(ids)].toSorted((a, b) => a - b)
}
