import type { ArithmeticOperator } from '../values/arithmetic.ts'
import type { ComparisonOperator } from '../values/compare.ts'
import type { Operand } from '../values/operand.ts'

/** Where a node is in the source: offsets of its first character and behind its last. */
interface Span {
  readonly start: number
  readonly end: number
}

export interface CallArguments {
  readonly positional: readonly Expression[]
  readonly named: readonly { readonly name: string; readonly value: Expression }[]
  /** `*list` and `**object`. */
  readonly star: Expression | null
  readonly doubleStar: Expression | null
}

export type NameNode = Span & { readonly type: 'name'; readonly name: string }

/** Text between tags, kept apart from constants for what counts as one expression. */
export type Expression = Span &
  (
    | { readonly type: 'constant'; readonly value: Operand }
    | { readonly type: 'name'; readonly name: string }
    | { readonly type: 'list' | 'tuple'; readonly items: readonly Expression[] }
    | {
        readonly type: 'dict'
        readonly entries: readonly { readonly key: Expression; readonly value: Expression }[]
      }
    | {
        readonly type: 'arithmetic'
        readonly operator: ArithmeticOperator
        readonly left: Expression
        readonly right: Expression
      }
    | { readonly type: 'negative' | 'positive' | 'not'; readonly operand: Expression }
    | { readonly type: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
    | { readonly type: 'concat'; readonly items: readonly Expression[] }
    | {
        readonly type: 'comparison'
        readonly first: Expression
        readonly rest: readonly {
          readonly operator: ComparisonOperator
          readonly operand: Expression
        }[]
      }
    | {
        readonly type: 'condition'
        readonly test: Expression
        readonly chosen: Expression
        readonly otherwise: Expression | null
      }
    | { readonly type: 'attribute'; readonly object: Expression; readonly name: string }
    | { readonly type: 'item'; readonly object: Expression; readonly key: Expression }
    | {
        readonly type: 'slice'
        readonly from: Expression | null
        readonly to: Expression | null
        readonly step: Expression | null
      }
    | { readonly type: 'call'; readonly callee: Expression; readonly given: CallArguments }
    | {
        readonly type: 'filter'
        readonly name: string
        /** Null where the body of a block is filtered. */
        readonly operand: Expression | null
        readonly given: CallArguments
      }
    | {
        readonly type: 'test'
        readonly name: string
        readonly operand: Expression
        readonly given: CallArguments
      }
  )

/** What `set`, `for` and `with` assign to. */
export type Target =
  | NameNode
  | (Span & { readonly type: 'tuple'; readonly items: readonly Target[] })
  | (Span & { readonly type: 'member'; readonly object: string; readonly name: string })

export interface Signature {
  readonly parameters: readonly { readonly name: string; readonly fallback: Expression | null }[]
  readonly body: readonly Statement[]
}

export type ForNode = Span & {
  readonly type: 'for'
  readonly target: Target
  readonly iterable: Expression
  readonly test: Expression | null
  readonly recursive: boolean
  readonly body: readonly Statement[]
  readonly otherwise: readonly Statement[]
}

export type Statement = Span &
  (
    | { readonly type: 'text'; readonly text: string }
    | { readonly type: 'output'; readonly expression: Expression }
    | {
        readonly type: 'if'
        readonly branches: readonly {
          readonly test: Expression
          readonly body: readonly Statement[]
        }[]
        readonly otherwise: readonly Statement[]
      }
    | ForNode
    | { readonly type: 'set'; readonly target: Target; readonly value: Expression }
    | {
        readonly type: 'set-block'
        readonly target: Target
        readonly filter: Expression | null
        readonly body: readonly Statement[]
      }
    | {
        readonly type: 'with'
        readonly bindings: readonly { readonly target: Target; readonly value: Expression }[]
        readonly body: readonly Statement[]
      }
    | {
        readonly type: 'filter-block'
        readonly filter: Expression
        readonly body: readonly Statement[]
      }
    | (Signature & { readonly type: 'macro'; readonly name: string })
    | (Signature & { readonly type: 'call-block'; readonly call: Expression })
    | {
        readonly type: 'block'
        readonly name: string
        readonly scoped: boolean
        readonly body: readonly Statement[]
      }
    | {
        readonly type: 'autoescape'
        readonly enabled: boolean
        readonly body: readonly Statement[]
      }
  )
