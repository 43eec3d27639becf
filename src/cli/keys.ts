/** What a key asks the pager for. */
export type Action =
  | 'next'
  | 'previous'
  | 'first'
  | 'last'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'top'
  | 'bottom'
  | 'help'
  | 'suspend'
  | 'quit'

/** A key as `node:readline` tells it. */
export interface Key {
  name?: string | undefined
  sequence?: string | undefined
  ctrl?: boolean | undefined
  shift?: boolean | undefined
}

const named: Readonly<Record<string, Action>> = {
  n: 'next',
  return: 'next',
  enter: 'next',
  space: 'next',
  right: 'next',
  p: 'previous',
  left: 'previous',
  backspace: 'previous',
  g: 'first',
  up: 'up',
  k: 'up',
  down: 'down',
  j: 'down',
  pageup: 'page-up',
  b: 'page-up',
  pagedown: 'page-down',
  f: 'page-down',
  home: 'top',
  end: 'bottom',
  h: 'help',
  q: 'quit',
  escape: 'quit',
}

/** Keys by what they do, for the help. */
export const keyHelp: readonly (readonly [string, string])[] = [
  ['n Enter Space →', 'next record'],
  ['p ←', 'record before'],
  ['g G', 'first, last record'],
  ['↓ ↑ j k', 'a line down, up'],
  ['PageDown PageUp', 'a screen down, up'],
  ['Home End', 'begin, end of the record'],
  ['? h', 'this help'],
  ['q Esc Ctrl-C', 'quit'],
]

export function actionOf({
  name = '',
  sequence = '',
  ctrl = false,
  shift = false,
}: Key): Action | null {
  if (ctrl) {
    if (name === 'c' || name === 'd') return 'quit'
    return name === 'z' ? 'suspend' : null
  }
  if (sequence === '?') return 'help'
  if (name === 'g' && shift) return 'last'
  return Object.hasOwn(named, name) ? (named[name] as Action) : null
}
