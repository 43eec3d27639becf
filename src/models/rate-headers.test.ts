import { describe, expect, test } from 'vitest'
import { durationMs, readRateLimits } from './rate-headers.ts'

const now = Date.UTC(2026, 0, 1)

test.each([
  ['6m0s', 360_000],
  ['1s', 1_000],
  ['20ms', 20],
  ['1h2m3.5s', 3_723_500],
  ['7.66s', 7_660],
  ['1d', 86_400_000],
  ['12', 12_000],
  ['', null],
  ['soon', null],
  ['5s later', null],
])('a duration %j is %j ms', (text, expected) => {
  expect(durationMs(text)).toBe(expected)
})

describe('quotas of a reply', () => {
  test.each([
    ['nothing', {}, null],
    ['what is no quota', { 'content-type': 'application/json' }, null],
    [
      "OpenAI's, per minute",
      {
        'x-ratelimit-limit-requests': '600',
        'x-ratelimit-remaining-requests': '598',
        'x-ratelimit-reset-requests': '200ms',
        'x-ratelimit-limit-tokens': '100000',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '1m0s',
      },
      {
        requests: { perMinute: 600, remaining: 598, closedMs: 0 },
        tokens: { perMinute: 100_000, remaining: 0, closedMs: 0 },
      },
    ],
    [
      'a quota per day: only what is left counts',
      {
        'x-ratelimit-limit-requests': '200',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '24h0m0s',
      },
      { requests: { perMinute: null, remaining: 0, closedMs: 432_000 }, tokens: null },
    ],
    [
      "Anthropic's",
      {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '49',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:02Z',
        'anthropic-ratelimit-tokens-limit': '40000',
        'anthropic-ratelimit-tokens-remaining': '39000',
        'anthropic-ratelimit-tokens-reset': '2026-01-01T00:00:02Z',
      },
      {
        requests: { perMinute: 50, remaining: 49, closedMs: 0 },
        tokens: { perMinute: 40_000, remaining: 39_000, closedMs: 0 },
      },
    ],
    [
      'the newer draft',
      { 'ratelimit-policy': '"default";q=100;w=30', ratelimit: '"default";r=0;t=12' },
      { requests: { perMinute: 200, remaining: 0, closedMs: 12_000 }, tokens: null },
    ],
    [
      'the older draft with its window',
      { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '7', 'ratelimit-reset': '50' },
      { requests: { perMinute: 100, remaining: 7, closedMs: 0 }, tokens: null },
    ],
    [
      'the older draft without: it could be per second',
      { 'ratelimit-limit': '10', 'ratelimit-remaining': '0', 'ratelimit-reset': '1' },
      { requests: { perMinute: null, remaining: 0, closedMs: 1_000 }, tokens: null },
    ],
    [
      'another unit',
      { 'ratelimit-policy': '"bytes";q=65535;qu="content-bytes";w=10', ratelimit: '"bytes";r=1' },
      null,
    ],
    ['nonsense', { 'x-ratelimit-limit-requests': 'many' }, null],
  ])('%s', (_, headers, expected) => {
    expect(readRateLimits(headers, now)).toEqual(expected)
  })
})
