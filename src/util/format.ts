/** 1234567 as `1,234,567`. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Tokens and other large counts: `950`, `12.3 k`, `4.56 M`. */
export function compact(value: number): string {
  // Limits are those of the rounded number: 999,600 is 1.00 M and not 1000 k.
  if (value < 999.5) return String(Math.round(value))
  const [scale, unit] = value < 999_500 ? [1e3, 'k'] : value < 999_500_000 ? [1e6, 'M'] : [1e9, 'G']
  return `${(value / scale).toPrecision(3)} ${unit}`
}

/** A size for people: `950 B`, `12.3 kB`. */
export function size(bytes: number): string {
  const text = compact(bytes)
  return text.includes(' ') ? `${text}B` : `${text} B`
}

/** A duration for people: `0.8 s`, `42 s`, `3 m 5 s`, `2 h 10 m`, `4 d 15 h`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} m ${whole % 60} s`
  const hours = Math.floor(whole / 3_600)
  if (hours < 48) return `${hours} h ${Math.floor((whole % 3_600) / 60)} m`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `1 row`, `2 rows`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `12.3 k tokens in (34 % of them cached), 4.56 k out`. */
export function tokensText({
  inputTokens,
  cachedInputTokens,
  outputTokens,
}: {
  inputTokens: number
  cachedInputTokens: number
  outputTokens: number
}): string {
  const kept =
    cachedInputTokens === 0 ? '' : ` (${percent(cachedInputTokens / inputTokens)} of them cached)`
  return `${compact(inputTokens)} tokens in${kept}, ${compact(outputTokens)} out`
}

/** `$0.0123`, `$4.56`; below a cent as many digits as say something. */
export function dollars(value: number): string {
  if (value === 0 || value >= 1) return `$${value.toFixed(2)}`
  return `$${value.toFixed(Math.min(8, 2 - Math.floor(Math.log10(value))))}`
}

/** A rate with as many digits as it tolerates. */
export function rate(perSecond: number, unit = ''): string {
  const digits = perSecond >= 9.95 ? grouped(perSecond) : perSecond.toFixed(1)
  return `${digits}${unit}/s`
}

/** A share of a whole, 0 to 1: `34 %`, `0.4 %`, `< 0.1 %`. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 0 || value >= 9.95) return `${Math.round(value)} %`
  return value < 0.1 ? '< 0.1 %' : `${value.toFixed(1)} %`
}

/** A number with at most five digits that tell something: `21.457`, `1,234,568`, `3.2e-7`. */
export function figure(value: number): string {
  const magnitude = Math.abs(value)
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e15)) return value.toExponential(2)
  if (Number.isInteger(value) || magnitude >= 1e5) return Math.round(value).toLocaleString('en-US')
  return Number(value.toPrecision(5)).toLocaleString('en-US', { maximumFractionDigits: 8 })
}

/** A moment in UTC, as exact as a span of so many milliseconds deserves. */
export function moment(timeMs: number, spanMs: number): string {
  const text = new Date(timeMs).toISOString()
  if (spanMs >= 3 * 86_400_000) return text.slice(0, 10)
  return spanMs >= 3 * 60_000
    ? text.slice(0, 16).replace('T', ' ')
    : text.slice(0, 19).replace('T', ' ')
}
