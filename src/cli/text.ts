/** 1234567 as `1,234,567`. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Tokens and other large counts: `950`, `12.3 k`, `4.56 M`. */
export function compact(value: number): string {
  if (value < 1_000) return String(Math.round(value))
  const [scale, unit] = value < 1e6 ? [1e3, 'k'] : value < 1e9 ? [1e6, 'M'] : [1e9, 'G']
  return `${(value / scale).toPrecision(3)} ${unit}`
}

/** A duration for people: `0.8 s`, `42 s`, `3 m 5 s`, `2 h 10 m`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} m ${whole % 60} s`
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} m`
}

/** `1 row`, `2 rows`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A rate with as many digits as it bears. */
export function rate(perSecond: number, unit = ''): string {
  const digits = perSecond >= 100 ? grouped(perSecond) : perSecond.toFixed(perSecond >= 10 ? 0 : 1)
  return `${digits}${unit}/s`
}
