import { BlockList, isIP } from 'node:net'

/**
 * Whether NO_PROXY has an address, as curl, Go and Python read it: names with all below them, single
 * addresses and networks (`10.0.0.0/8`), each with or without a port; `*` is everything.
 */
export function needsNoProxy(url: URL, list: string): boolean {
  const host = withoutBrackets(url.hostname).replace(/\.$/, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .some((entry) => entry === '*' || isMeant(entry, host, port))
}

function isMeant(entry: string, host: string, port: string): boolean {
  const [, written = '', ownPort = port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [
    entry,
    entry,
  ]
  if (ownPort !== port) return false
  const [address = '', digits] = withoutBrackets(written).split('/')
  const version = isIP(address)
  if (version !== 0) return isWithin(host, { address, version, digits })
  if (digits !== undefined) return false
  const name = address.replace(/^\*?\./, '').replace(/\.$/, '')
  return name !== '' && (host === name || host.endsWith(`.${name}`))
}

function isWithin(
  host: string,
  { address, version, digits }: { address: string; version: number; digits: string | undefined },
): boolean {
  const whole = version === 4 ? 32 : 128
  const prefix = digits === undefined ? whole : Number(digits)
  if (isIP(host) !== version || !(prefix <= whole)) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const network = new BlockList()
  network.addSubnet(address, prefix, family)
  return network.check(host, family)
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]/, '$1')
}
