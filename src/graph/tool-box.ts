import type { CallRequest, Content, Tool } from './request.ts'

/** The tools of an alias, as a column uses them. */
export interface ToolBox {
  /** Answers with tool calls whose calls are made, in one conversation. */
  readonly maxTurns: number
  /** What the model may call: the same for the whole run. */
  list(
    signal: AbortSignal,
    /** Called with the number of a server's tools as soon as it has listed them. */
    onListed?: (server: string, tools: number) => void,
  ): Promise<readonly Tool[]>
  /**
   * Where a call goes; `written` is the arguments as the model wrote them. A call that can't be made (of
   * no such tool, with arguments that are none) has its answer, for the model to do something about.
   */
  address(name: string, written: string, signal: AbortSignal): Promise<AddressedCall>
}

type AddressedCall =
  | { readonly route: string; readonly request: CallRequest }
  | { readonly answer: readonly Content[] }

/** The name of the route to a server of tools, apart from the aliases of models. */
export function toolRoute(server: string): string {
  return `tools:${server}`
}

/** The tools while a config is checked and while a run is settled: no server is asked. */
export const unlistedTools: ToolBox = {
  maxTurns: 1,
  list: () => Promise.resolve([]),
  address: () => Promise.reject(new Error('no tool is called while a config is checked')),
}
