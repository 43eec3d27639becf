import process from 'node:process'

/** Numbers of an architecture in the kernel, and of its call that makes shared memory. */
const architectures: Readonly<Record<string, { audit: number; shmget: number } | undefined>> = {
  x64: { audit: 0xc000_003e, shmget: 29 },
  arm64: { audit: 0xc000_00b7, shmget: 194 },
}

/**
 * A filter of calls for the kernel: memory that is shared by number belongs to no process, so no one
 * would see how much there is of it. Calls of other architectures are refused.
 */
export function callFilter(): Uint8Array | null {
  const known = architectures[process.arch]
  if (known === undefined) return null
  const steps: [code: number, holds: number, fails: number, operand: number][] = [
    [loadWord, 0, 0, 4],
    [jumpIfEqual, 0, 3, known.audit],
    [loadWord, 0, 0, 0],
    [jumpIfAtLeast, 1, 0, 0x4000_0000],
    [jumpIfEqual, 0, 1, known.shmget],
    // EPERM.
    [giveBack, 0, 0, 0x0005_0001],
    [giveBack, 0, 0, 0x7fff_0000],
  ]
  const filter = Buffer.alloc(8 * steps.length)
  for (const [at, [code, holds, fails, operand]] of steps.entries()) {
    filter.writeUInt16LE(code, 8 * at)
    filter.writeUInt8(holds, 8 * at + 2)
    filter.writeUInt8(fails, 8 * at + 3)
    filter.writeUInt32LE(operand, 8 * at + 4)
  }
  return filter
}

/** What the steps do, in the kernel's words. */
const [loadWord, jumpIfEqual, jumpIfAtLeast, giveBack] = [0x20, 0x15, 0x35, 0x06] as const
