import { execFile } from 'node:child_process'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { messageOf } from '../util/errors.ts'

/** What an isolated program may use; sizes are in bytes. */
export interface IsolationLimits {
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
mkdir dev scratch old proc
for device in null zero urandom; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t tmpfs -o "size=$scratch,mode=1777,nosuid,nodev" none scratch
ln -s scratch tmp
mount -t proc none proc
echo 0 > proc/sys/kernel/shmall 2>/dev/null || :
[ "$user" != 0 ] || echo 0 > proc/sys/user/max_user_namespaces 2>/dev/null || :
pivot_root . old
cd /
umount -l /old
mount -o remount,bind,ro,nosuid,nodev /
umount -l /proc
cd /scratch
become=
[ "$user" = 0 ] || become="--reuid=$user --regid=$user --clear-groups"
set +e
setpriv $become --pdeathsig KILL --no-new-privs --inh-caps=-all --bounding-set=-all \\
  prlimit "--nproc=$processes" "--data=$data" "--cpu=$cpu" "--fsize=$file" --core=0 "--nofile=$files" \\
  env -i PATH=/usr/bin:/bin HOME=/scratch TMPDIR=/scratch LANG=C.UTF-8 "$@"
exit $?
`

/**
 * The words that run a program isolated. `keep` are paths that it needs beside those of the system;
 * `slot` tells those that run at once apart.
 */
export function isolatedCommand(
  program: readonly string[],
  {
    keep,
    mountPoint,
    slot,
    limits,
  }: {
    keep: readonly string[]
    /** An empty folder; nothing is ever written into it. */
    mountPoint: string
    slot: number
    limits: IsolationLimits
  },
): string[] {
  const isRoot = process.getuid?.() === 0
  const parameters = [
    mountPoint,
    String(limits.scratchBytes),
    // The kernel counts the processes of root nowhere: each program gets a user of its own there.
    isRoot ? String(1_000_000_000 + (process.pid % 4_000_000) * 64 + (slot % 64)) : '0',
    String(limits.processes),
    String(limits.dataBytes),
    String(Math.ceil(limits.seconds) + 1),
    String(fileBytes),
    String(openFiles),
  ]
  return [
    // Whatever becomes of whoever started it, it ends.
    'timeout',
    '--signal=KILL',
    String(Math.ceil(limits.seconds) + 5),
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

let known: Promise<string | null> | null = null

/** Why this machine can't isolate a program, or null where it can; found out once. */
export function isolationFault(): Promise<string | null> {
  known ??= tryIsolation()
  return known
}

async function tryIsolation(): Promise<string | null> {
  if (process.platform !== 'linux') {
    return `programs are isolated by Linux namespaces, and this is ${process.platform}`
  }
  const mountPoint = await mkdtemp(join(tmpdir(), 'rowsmith-isolated-'))
  const limits = { dataBytes: 2 ** 28, scratchBytes: 2 ** 20, processes: 8, seconds: 5 }
  const words = isolatedCommand(['test', '!', '-e', '/proc/1'], {
    keep: [],
    mountPoint,
    slot: 63,
    limits,
  })
  const [command = '', ...parameters] = words
  try {
    return await new Promise((resolve) => {
      execFile(command, parameters, { timeout: 10_000 }, (error, _out, said) => {
        const [first = ''] = said.trim().split('\n')
        resolve(error === null ? null : first === '' ? messageOf(error).slice(0, 200) : first)
      })
    })
  } finally {
    await rmdir(mountPoint)
  }
}
