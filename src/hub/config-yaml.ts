import { isScalar, parseDocument, visit } from 'yaml'

/** The stored config as YAML 1.1, which configs are: numbers as they are written, long texts as blocks. */
export function configYaml(stored: string): string {
  // JSON is YAML: parsed as such, 3.0 stays 3.0 and whole numbers keep every digit.
  const document = parseDocument(stored, { version: '1.1', intAsBigInt: true })
  visit(document, {
    Collection(_key, node) {
      node.flow = false
    },
    Scalar(_key, node) {
      if (isScalar(node)) delete node.type
    },
  })
  return document.toString({ lineWidth: 100, directives: false })
}
