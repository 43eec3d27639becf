/** Names of the files of a dataset, or of a part of one, as readers of sharded datasets know them. */
export function datasetFileName(index: number, count: number, part = 'train'): string {
  return `${part}-${String(index).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.parquet`
}

export interface PartSize {
  part: number
  bytes: number
}

/** The first part of each dataset file: a file is full once its parts hold `fileBytes`. */
export function planDatasetFiles(sizes: Iterable<PartSize>, fileBytes: number): number[] {
  const firsts: number[] = []
  let held = Infinity
  for (const { part, bytes } of sizes) {
    if (held >= fileBytes) {
      firsts.push(part)
      held = 0
    }
    held += bytes
  }
  return firsts
}
