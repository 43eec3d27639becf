/** What a transfer from or to the Hub reports while it works. */
export interface HubEvent {
  type: 'upload-progress' | 'download-progress'
  /** The file whose transfer ended last, or is under way. */
  path: string
  /** Of all files of the transfer. */
  bytes: number
  totalBytes: number
}
