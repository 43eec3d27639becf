/** Bytes of a name that every usual file system takes. */
const MOST_NAME_BYTES = 200

/** Whether a folder can have the name on every system a run folder may be taken to. */
export function canNameFolder(name: string): boolean {
  return (
    !/[<>:"/\\|?*\p{Cc}]|^\.+$|^\s|[\s.]$/u.test(name) &&
    new TextEncoder().encode(name).length <= MOST_NAME_BYTES
  )
}

/** The same for names that a file system may take for one: without case, in whatever form of Unicode. */
export function folderKey(name: string): string {
  return name.normalize('NFC').toLowerCase()
}
