import process from 'node:process'

/** A part of Node that judges snippets, as far as its verdicts hang on it: patches repair, and change none. */
export function versionInNode(part: 'v8' | 'sqlite' | 'amaro'): string {
  const [major = '', minor = ''] = (process.versions[part] ?? '').split('.')
  return `${part} ${major}.${minor}`
}
