import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { checkFilesystem, unsafeFilesystem } from './filesystem.ts'

test('network file systems are named, local ones pass', () => {
  expect(unsafeFilesystem(0x6969n)).toBe('NFS')
  expect(unsafeFilesystem(0xff534d42n)).toBe('CIFS')
  // As a 32-bit kernel reports it.
  expect(unsafeFilesystem(-0xacb2ben)).toBe('CIFS')
  expect(unsafeFilesystem(0x01021997n)).toBe('9p')
  expect(unsafeFilesystem(0x0bd00bd0n)).toBe('Lustre')
  const local = { ext4: 0xef53n, tmpfs: 0x01021994n, btrfs: 0x9123683en, xfs: 0x58465342n }
  for (const type of Object.values(local)) expect(unsafeFilesystem(type)).toBeNull()
})

test('the folder for temporary files can hold a run', async () => {
  await expect(checkFilesystem(tmpdir())).resolves.toBeUndefined()
})
