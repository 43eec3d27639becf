import { readdir, readFile, readlink, stat } from 'node:fs/promises'

/**
 * Bytes that the processes below one hold: what each has in memory, and memory that they may share and
 * that is counted as no one's while it is not mapped or was given back (memory files, shared mappings).
 */
export async function memoryBelow(root: number): Promise<number> {
  const parents = new Map<number, number>()
  const resident = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const text = await readFile(`/proc/${name}/stat`, 'latin1').catch(ended)
    // Behind the name, which may have anything in it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    if (fields.length < 22) continue
    parents.set(Number(name), Number(fields[1]))
    resident.set(Number(name), Number(fields[21]) * 4096)
  }
  let sum = 0
  const files = new Map<string, number>()
  for (const [pid, bytes] of resident) {
    if (!isBelow(pid, root, parents)) continue
    sum += bytes + (await unseenShared(pid))
    for (const [file, size] of await memoryFiles(pid)) files.set(file, size)
  }
  for (const size of files.values()) sum += size
  return sum
}

/** A process that ended meanwhile, or that this one may not look into. */
const ended = (): string => ''

/** Shared mappings without a file, less what is resident of them: given back, it is still there. */
async function unseenShared(pid: number): Promise<number> {
  const maps = await readFile(`/proc/${pid}/maps`, 'latin1').catch(ended)
  let bytes = 0
  for (const [, start = '', end = ''] of maps.matchAll(sharedMapping)) {
    bytes += Number.parseInt(end, 16) - Number.parseInt(start, 16)
  }
  if (bytes === 0) return 0
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(ended)
  const kibibytes = /^RssShmem:\s*(\d+)/m.exec(status)?.[1] ?? '0'
  return Math.max(0, bytes - Number(kibibytes) * 1024)
}

const sharedMapping =
  /^([0-9a-f]+)-([0-9a-f]+) ..{2}s .*\/(?:dev\/zero|memfd:.*|SYSV.*) \(deleted\)$/gm

/** Files in memory that a process has open, by what tells them apart. */
async function memoryFiles(pid: number): Promise<Map<string, number>> {
  const folder = `/proc/${pid}/fd`
  const files = new Map<string, number>()
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const path = `${folder}/${name}`
    const target = await readlink(path).catch(ended)
    if (!target.startsWith('/memfd:')) continue
    const found = await stat(path).catch(() => null)
    if (found !== null) files.set(`${found.dev} ${found.ino}`, found.blocks * 512)
  }
  return files
}

function isBelow(pid: number, root: number, parents: ReadonlyMap<number, number>): boolean {
  const seen = new Set<number>()
  let at: number | undefined = pid
  while (at !== undefined && at > 1 && !seen.has(at)) {
    if (at === root) return true
    seen.add(at)
    at = parents.get(at)
  }
  return false
}
