import type { SeedFormat } from './define.ts'
import { csv, tsv } from './delimited.ts'
import { json } from './json.ts'
import { jsonl } from './jsonl.ts'
import { parquet } from './parquet.ts'

export const seedFormats: readonly SeedFormat[] = [csv, tsv, json, jsonl, parquet]
