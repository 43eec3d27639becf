// The first import of the library: an older Node fails later, at the first call, and without a reason.
const [major = ''] = process.versions.node.split('.')
if (Number(major) < 24) {
  throw new Error(`rowsmith needs Node 24 or later; this is Node ${process.versions.node}.`)
}
