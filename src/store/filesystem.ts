import { statfs } from 'node:fs/promises'
import { RowsmithError } from '../util/errors.ts'

/**
 * File systems whose locks or shared memory do not hold between machines, by `f_type` of Linux.
 *
 * SQLite's WAL on them loses data without a word. FUSE is not here: it also serves local disks.
 */
const unsafe: ReadonlyMap<number, string> = new Map([
  [0x00006969, 'NFS'],
  [0x0000517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x0000564c, 'NCP'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x20030528, 'OrangeFS'],
  [0x19830326, 'BeeGFS'],
  [0xaad7aaea, 'PanFS'],
  [0x786f4256, 'VirtualBox shared folder'],
  [0xbacbacbc, 'VMware shared folder'],
  [0x7c7c6673, 'Parallels shared folder'],
])

/** The kind of a file system on which a run folder is unsafe, or null when it is fine. */
export function unsafeFilesystem(type: bigint): string | null {
  // 32-bit kernels sign-extend the type.
  return unsafe.get(Number(BigInt.asUintN(32, type))) ?? null
}

/** Refuses a folder on a network file system. The folder has to exist. */
export async function checkFilesystem(directory: string): Promise<void> {
  // Only Linux has types with a fixed meaning.
  if (process.platform !== 'linux') return
  const { type } = await statfs(directory, { bigint: true })
  const kind = unsafeFilesystem(type)
  if (kind !== null) throw refusalOf(directory, kind)
}

/** What is said of a folder on such a file system. */
export function refusalOf(directory: string, kind: string): RowsmithError {
  return new RowsmithError(
    'filesystem-unsafe',
    `${directory} is on ${kind}, where the ledger could lose data without a word; ` +
      'expected a folder on a disk of this machine',
    { hints: ['Run in a local folder; `export` copies the result anywhere.'] },
  )
}
