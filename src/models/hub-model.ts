import type { RequestError } from '../graph/request-error.ts'
import type { Asked } from './classify.ts'
import type { HubAddress } from './hub-address.ts'
import { HubFault } from './hub-download.ts'
import { ensureHubFile, type HubOptions } from './hub-file.ts'
import { failed } from './provider-failure.ts'

/** A file of the Hub; what is wrong with it stops whoever asks for its model. */
export async function hubFile(address: HubAddress, asked: Asked, hub: HubOptions): Promise<string> {
  try {
    return await ensureHubFile(address, hub)
  } catch (error) {
    throw hubFailure(error, asked)
  }
}

/** The first of several files that the repository has; null for none. */
export async function firstHubFile(
  addresses: readonly HubAddress[],
  asked: Asked,
  hub: HubOptions,
): Promise<string | null> {
  for (const address of addresses) {
    try {
      return await ensureHubFile(address, hub)
    } catch (error) {
      if (!(error instanceof HubFault && error.isAbsent)) throw hubFailure(error, asked)
    }
  }
  return null
}

function hubFailure(error: unknown, asked: Asked): unknown {
  if (!(error instanceof HubFault)) return error
  const { code, message } = error
  const failure: RequestError = failed(code, `could not be downloaded: ${message}.`, asked, {
    cause: error,
  })
  return failure
}
