import { type LoadContext, LoadFault } from '../graph/kind.ts'
import type { LoadedFunction, Subject } from '../validators/define.ts'
import { customFailure } from './custom-failure.ts'
import { loadCustom } from './load-custom.ts'
import { userValue } from '../graph/user-values.ts'

/** A function of the user's that judges: it gets an object of the targets, and where that stands. */
type CheckFunction = (
  targets: Readonly<Record<string, unknown>>,
  context: { readonly row: number; readonly signal: AbortSignal },
) => unknown

/** Loads `./checks.ts#name` as the functions of custom columns are. */
export async function loadCheckFunction(
  reference: string,
  field: string,
  context: LoadContext,
): Promise<LoadedFunction> {
  const { definition, code, identity } = await loaded(reference, field, context)
  // What its author says of its parameters is checked by no one: it gets what is declared.
  const judge = definition.generate as unknown as CheckFunction
  return {
    identity,
    async call({ row, targets }: Subject, signal) {
      const values = Array.from(targets, ([name, value]) => [name, userValue(value)] as const)
      try {
        return await judge(Object.fromEntries(values), { row, signal })
      } catch (error) {
        throw customFailure(error, code)
      }
    },
  }
}

async function loaded(
  reference: string,
  field: string,
  context: LoadContext,
): ReturnType<typeof loadCustom> {
  try {
    return await loadCustom(reference, context)
  } catch (error) {
    if (!(error instanceof LoadFault)) throw error
    const { code, suggestion, message } = error
    throw new LoadFault(message, {
      cause: error,
      code,
      field,
      ...(suggestion === null ? {} : { suggestion }),
    })
  }
}
