import { once } from 'node:events'
import { connect } from 'node:net'
import { inject } from 'vitest'
import { type Answer, readAnswer, type Request, writeRequest } from './message.ts'

/** Runs a program to its end in a process that has run others before: see host.ts. */
export async function runInHost(
  request: Omit<Request, 'input'>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Answer> {
  const socket = connect({ port: inject('hostPort'), host: '127.0.0.1' })
  const giveUp = (): void => void socket.destroy(signal?.reason)
  signal?.addEventListener('abort', giveUp)
  try {
    await once(socket, 'connect')
    socket.write(writeRequest({ ...request, input: Buffer.alloc(0) }))
    return await readAnswer(socket)
  } finally {
    signal?.removeEventListener('abort', giveUp)
    socket.destroy()
  }
}

/**
 * A shell script that has its program run by a host: as quick as `echo`. With a variable OWN_PROCESS it starts
 * a process instead, which signals reach.
 */
export function hostScript(program: string): string {
  return `#!/bin/bash
if [ -n "\${OWN_PROCESS-}" ]; then exec '${process.execPath}' '${program}' "$@"; fi
exec 3<>/dev/tcp/127.0.0.1/${inject('hostPort')}
{
  printf '%s\\0' "$PWD"
  if [ -p /dev/stdin ] || [ -f /dev/stdin ]; then base64 | tr -d '\\n'; fi
  printf '\\0%s\\0' "$(($# + 1))"
  printf '%s\\0' '${program}' "$@"
  env -0
  printf '\\0'
} >&3
while read -r stream number <&3; do
  case "$stream" in
    0) exit "$number" ;;
    1) head -c "$number" <&3 ;;
    2) head -c "$number" <&3 >&2 ;;
  esac
done
exit 99
`
}
