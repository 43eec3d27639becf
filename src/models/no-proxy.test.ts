import { expect, test } from 'vitest'
import { needsNoProxy } from './no-proxy.ts'

test.each<[string, string, boolean]>([
  ['', 'http://example.org', false],
  ['*', 'http://example.org', true],
  ['example.org', 'http://example.org', true],
  ['example.org', 'http://api.example.org', true],
  ['.example.org', 'http://api.example.org', true],
  ['*.example.org', 'http://api.example.org', true],
  ['example.org', 'http://notexample.org', false],
  ['other.org, EXAMPLE.org', 'http://example.org', true],
  ['other.org example.org', 'http://example.org.', true],
  ['example.org:8080', 'http://example.org:8080', true],
  ['example.org:8080', 'http://example.org', false],
  ['example.org:443', 'https://example.org', true],
  ['127.0.0.1', 'http://127.0.0.1:8000', true],
  ['127.0.0.1', 'http://127.0.0.11:8000', false],
  ['127.0.0.0/8', 'http://127.3.2.1:8000', true],
  ['10.0.0.0/8,192.168.0.0/16', 'http://192.168.7.7', true],
  ['10.0.0.0/8', 'http://11.0.0.1', false],
  ['10.0.0.0/8', 'http://ten.example.org', false],
  ['10.0.0.0/33', 'http://10.0.0.0', false],
  ['fe80::/10', 'http://[fe80::1]', true],
  ['[::1]:8000', 'http://[::1]:8000', true],
  ['0:0:0:0:0:0:0:1', 'http://[::1]', true],
  ['::1', 'http://[::2]', false],
  ['::/0', 'http://10.0.0.1', false],
  ['name/8', 'http://name', false],
])('NO_PROXY=%s and %s: %s', (list, url, expected) => {
  expect(needsNoProxy(new URL(url), list)).toBe(expected)
})
