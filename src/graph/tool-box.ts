import type { Content, Tool } from './request.ts'

/** The tools of an alias, as a column uses them. */
export interface ToolBox {
  /** Answers with tool calls whose calls are made, in one conversation. */
  readonly maxTurns: number
  /** What the model may call: the same for the whole run. */
  list(
    signal: AbortSignal,
    /** Told how many tools a server has, as soon as it has listed them. */
    onListed?: (server: string, tools: number) => void,
  ): Promise<readonly Tool[]>
  /**
   * What a tool answered; `written` is the arguments as the model wrote them. What a model can do
   * something about (a call that is none, a tool that failed or took too long) is an answer, too.
   * Rejects with a `CellFailure` when its server can't be reached.
   */
  call(name: string, written: string, signal: AbortSignal): Promise<readonly Content[]>
}

/** The tools while a config is checked and while a run is settled: no server is asked. */
export const unlistedTools: ToolBox = {
  maxTurns: 1,
  list: () => Promise.resolve([]),
  call: () => Promise.reject(new Error('no tool is called while a config is checked')),
}
