import {
  addressOfFile,
  type HubDataset,
  type HubFile,
  listTree,
  resolveRevision,
} from '../seeds/remote/hub-api.ts'
import { refuseOthers, type RemoteClient, textOf } from '../seeds/remote/remote-client.ts'
import { SeedFault } from '../seeds/define.ts'
import type { HubAccess } from './hub-access.ts'

/** A branch of a repository as it is now. */
export interface Branch {
  readonly commit: string
  readonly files: ReadonlyMap<string, HubFile>
}

export function datasetAt({ endpoint, repository, token, variable }: HubAccess): HubDataset {
  return {
    endpoint,
    repository,
    auth: token === null ? { kind: 'none' } : { kind: 'header', value: `Bearer ${token}` },
    wayIn:
      token === null
        ? `For a private or gated dataset, set ${variable} to a token that may read it; the Hub gives the same answer for a dataset that does not exist.`
        : `Check that the token in ${variable} may read the dataset, and that you accepted its terms.`,
  }
}

export async function readBranch(
  client: RemoteClient,
  dataset: HubDataset,
  revision: string,
  signal: AbortSignal,
): Promise<Branch> {
  const commit = await resolveRevision(client, dataset, revision, signal)
  const files = new Map<string, HubFile>()
  for await (const file of listTree(client, dataset, { commit, folder: '' }, signal)) {
    files.set(file.path, file)
  }
  return { commit, files }
}

/** The same, or null where there is no such repository or branch. */
export async function findBranch(
  client: RemoteClient,
  dataset: HubDataset,
  revision: string,
  signal: AbortSignal,
): Promise<Branch | null> {
  try {
    return await readBranch(client, dataset, revision, signal)
  } catch (error) {
    if (error instanceof SeedFault && error.code === 'seed-missing') return null
    throw error
  }
}

/** The text of a file of a branch; null where it has none. */
export async function readText(
  client: RemoteClient,
  dataset: HubDataset,
  { commit, files }: Branch,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  if (!files.has(path)) return null
  const url = addressOfFile(dataset, commit, path)
  const reply = await client.get({ url, auth: dataset.auth }, signal)
  await refuseOthers(reply, url, dataset.wayIn)
  return textOf(reply)
}
