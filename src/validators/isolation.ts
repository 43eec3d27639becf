import { type ChildProcess, spawn } from 'node:child_process'
import { lstatSync, readlinkSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Writable } from 'node:stream'
import { messageOf } from '../util/errors.ts'
import { callFilter } from './call-filter.ts'

/** What an isolated program may use; sizes are in bytes. */
interface IsolationLimits {
  /** Private memory that one of its processes may write to. */
  readonly dataBytes: number
  readonly scratchBytes: number
  /** Processes and threads at once. */
  readonly processes: number
  readonly seconds: number
}

/** Files it may open at once, and what one file may grow to. */
const openFiles = 64
const fileBytes = 32 * 1024 * 1024

/**
 * Runs inside of new namespaces, as their root: makes a root folder of its own, with system folders and
 * what else is named read-only, a scratch folder that is memory, and three devices; no other file of the
 * machine, no network, no process of it. Then it runs the program without any rights. It stays itself the
 * first process there: with it everything ends that was started, whatever the program does about its own end.
 *
 * Parameters: mount point, scratch size, user id (0 keeps it), processes, bytes of data, seconds of CPU,
 * bytes of a file, open files, paths to keep…, `--`, the program and its parameters.
 */
const setup = `set -e
root=$1 scratch=$2 user=$3 processes=$4 data=$5 cpu=$6 file=$7 files=$8
shift 8
mount -t tmpfs -o size=1m,mode=755,nosuid,nodev none "$root"
cd "$root"
keep() {
  [ -e "$1" ] || return 0
  if [ -L "$1" ]; then mkdir -p ".\${1%/*}"; ln -s "$(readlink "$1")" ".$1"; return 0; fi
  if [ -d "$1" ]; then mkdir -p ".$1"; else mkdir -p ".\${1%/*}"; : > ".$1"; fi
  mount --bind "$1" ".$1"
  mount -o remount,bind,ro,nosuid,nodev ".$1"
}
for path in /usr /bin /sbin /lib /lib32 /lib64 /etc/ld.so.cache; do keep "$path"; done
while [ "$1" != -- ]; do keep "$1"; shift; done
shift
mkdir dev scratch old proc inner
for device in null zero urandom; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t tmpfs -o "size=$scratch,nr_inodes=16384,mode=1777,nosuid,nodev" none scratch
ln -s scratch tmp
mount -t proc none proc
echo 0 > proc/sys/kernel/shmall 2>/dev/null || :
[ "$user" != 0 ] || echo 0 > proc/sys/user/max_user_namespaces 2>/dev/null || :
pivot_root . old
cd /
umount -l /old
mount -o remount,bind,ro,nosuid,nodev /
umount -l /proc
mount --rbind / /inner
become=
[ "$user" = 0 ] || become="--reuid=$user --regid=$user --clear-groups"
set +e
chroot /inner sh -c 'cd /scratch; exec "$@"' sh \\
  setpriv $become --pdeathsig KILL --no-new-privs --inh-caps=-all --bounding-set=-all \\
  prlimit "--nproc=$processes" "--data=$data" "--cpu=$cpu" "--fsize=$file" --core=0 "--nofile=$files" \\
  env -i PATH=/usr/bin:/bin HOME=/scratch TMPDIR=/scratch LANG=C.UTF-8 "$@"
exit $?
`

/** What isolates: the tools of util-linux, or bubblewrap where these may not make namespaces. */
export type IsolationWay = 'unshare' | 'bubblewrap'

export interface IsolatedCommand {
  readonly words: string[]
  /** What is written into its fifth stream; null for nothing. */
  readonly filter: Uint8Array | null
}

interface CommandOptions {
  readonly keep: readonly string[]
  /** An empty folder; nothing is ever written into it. */
  readonly mountPoint: string
  /** Tells those that run at once apart. */
  readonly slot: number
  readonly limits: IsolationLimits
  /** Where bubblewrap is; found by its name otherwise. */
  readonly bubblewrap?: string
}

/** The words that run a program isolated. `keep` are paths that it needs in addition to those of the system. */
export function isolatedCommand(
  way: IsolationWay,
  program: readonly string[],
  options: CommandOptions,
): IsolatedCommand {
  // Whatever becomes of whoever started it, it ends.
  const seconds = String(Math.ceil(options.limits.seconds) + 5)
  const inTime = ['timeout', '--signal=KILL', seconds]
  return way === 'unshare'
    ? { words: [...inTime, ...unshareWords(program, options)], filter: null }
    : { words: [...inTime, ...bubblewrapWords(program, options)], filter: callFilter() }
}

function unshareWords(
  program: readonly string[],
  { keep, mountPoint, slot, limits }: CommandOptions,
): string[] {
  const isRoot = process.getuid?.() === 0
  const parameters = [
    mountPoint,
    String(limits.scratchBytes),
    isRoot ? userOf(slot) : '0',
    String(limits.processes),
    String(limits.dataBytes),
    String(Math.ceil(limits.seconds) + 1),
    String(fileBytes),
    String(openFiles),
  ]
  return [
    'unshare',
    ...(isRoot ? [] : ['--user', '--map-root-user']),
    '--mount',
    '--net',
    '--pid',
    '--ipc',
    '--uts',
    '--fork',
    '--kill-child',
    'sh',
    '-c',
    setup,
    'sh',
    ...parameters,
    ...keep,
    '--',
    ...program,
  ]
}

/** The kernel counts the processes of root nowhere: each program gets a separate user there. */
function userOf(slot: number): string {
  return String(1_000_000_000 + (process.pid % 4_000_000) * 64 + (slot % 64))
}

const bubblewrapFlags =
  '--unshare-all --unshare-user --disable-userns --die-with-parent --new-session --cap-drop ALL --clearenv'

function scratchFlags(bytes: number): string {
  return (
    `--perms 1777 --size ${bytes} --tmpfs /scratch --symlink scratch /tmp --remount-ro / --chdir /scratch ` +
    '--setenv PATH /usr/bin:/bin --setenv HOME /scratch --setenv TMPDIR /scratch --setenv LANG C.UTF-8 ' +
    '--seccomp 4 --'
  )
}

/** The same as the setup above, in the words of bubblewrap (from 0.8 on). */
function bubblewrapWords(
  program: readonly string[],
  { keep, slot, limits, bubblewrap = 'bwrap' }: CommandOptions,
): string[] {
  const user = process.getuid?.() === 0 ? userOf(slot) : null
  const system = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc/ld.so.cache']
  return [
    ...(user === null
      ? []
      : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--inh-caps=-all']),
    bubblewrap,
    ...bubblewrapFlags.split(' '),
    ...[...system, ...keep].flatMap(keptPath),
    ...['null', 'zero', 'urandom'].flatMap((name) => [
      '--dev-bind',
      `/dev/${name}`,
      `/dev/${name}`,
    ]),
    ...scratchFlags(limits.scratchBytes).split(' '),
    'prlimit',
    `--nproc=${limits.processes}`,
    `--data=${limits.dataBytes}`,
    `--cpu=${Math.ceil(limits.seconds) + 1}`,
    `--fsize=${fileBytes}`,
    '--core=0',
    `--nofile=${openFiles}`,
    ...program,
  ]
}

/** A link stays one, as to where the system has its folders; what is not there is omitted. */
function keptPath(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return []
  return found.isSymbolicLink()
    ? ['--symlink', readlinkSync(path), path]
    : ['--ro-bind', path, path]
}

/** How this machine isolates a program, or why it can't. */
export type Isolation = { readonly way: IsolationWay } | { readonly fault: string }

let known: Promise<Isolation> | null = null

/** Found out once. */
export function isolation(): Promise<Isolation> {
  known ??= findIsolation()
  return known
}

async function findIsolation(): Promise<Isolation> {
  if (process.platform !== 'linux') {
    return { fault: `programs are isolated by Linux namespaces, and this is ${process.platform}` }
  }
  const unshare = await isolationFault('unshare')
  if (unshare === null) return { way: 'unshare' }
  const bubblewrap = await isolationFault('bubblewrap')
  if (bubblewrap === null) return { way: 'bubblewrap' }
  return { fault: `${unshare}; and bubblewrap: ${bubblewrap}` }
}

/** Why a way does not work here, or null where it does. */
export async function isolationFault(
  way: IsolationWay,
  bubblewrap?: string,
): Promise<string | null> {
  const mountPoint = await mkdtemp(join(tmpdir(), 'rowsmith-isolated-'))
  const limits = { dataBytes: 2 ** 28, scratchBytes: 2 ** 20, processes: 8, seconds: 5 }
  const { words, filter } = isolatedCommand(way, ['test', '!', '-e', '/proc/1'], {
    keep: [],
    mountPoint,
    slot: 63,
    limits,
    ...(bubblewrap === undefined ? {} : { bubblewrap }),
  })
  const [command = '', ...parameters] = words
  try {
    if (way === 'bubblewrap' && filter === null) return `no filter of calls for ${process.arch}`
    return await new Promise((resolve) => {
      const child = spawn(command, parameters, {
        env: { PATH: systemPath },
        stdio: ['ignore', 'ignore', 'pipe', 'ignore', 'pipe'],
        timeout: 10_000,
      })
      let said = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
      giveFilter(child, filter)
      child.once('error', (error) => resolve(messageOf(error)))
      child.once('close', (code) => {
        const [first = ''] = said.trim().split('\n')
        resolve(code === 0 ? null : first.slice(0, 200) || `it ended with ${code}`)
      })
    })
  } finally {
    await rmdir(mountPoint)
  }
}

/** Where the tools are. */
export const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin'

/** Writes the filter into the stream it is read from. */
export function giveFilter(child: ChildProcess, filter: Uint8Array | null): void {
  const stream = child.stdio[4]
  if (!(stream instanceof Writable)) return
  // One that ended before it read it says why by itself.
  stream.on('error', () => undefined)
  stream.end(filter ?? undefined)
}
