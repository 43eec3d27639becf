/** How far a pass over all files of a seed got; bytes are those on disk. */
interface SeedProgress {
  /** The file being read. */
  readonly path: string
  readonly bytes: number
  readonly totalBytes: number
}

export type OnSeedProgress = (progress: SeedProgress) => void

/** Turns what is read of each file, one after the other, into what is read of all. */
export function progressOver(
  files: readonly { readonly path: string; readonly sizeBytes: number }[],
  onProgress: OnSeedProgress,
): (file: { readonly path: string }, bytes: number) => void {
  const before = new Map<string, number>()
  let totalBytes = 0
  for (const { path, sizeBytes } of files) {
    before.set(path, totalBytes)
    totalBytes += sizeBytes
  }
  return ({ path }, bytes) => {
    onProgress({
      path,
      bytes: Math.min(totalBytes, (before.get(path) ?? 0) + bytes),
      totalBytes,
    })
  }
}
