/**
 * The standard normal quantile (Wichura 1988, AS 241, PPND16: about 16 digits).
 *
 * An inverse rather than Box–Muller, so that a normal takes exactly one uniform draw.
 * A `probability` of 0 counts as half of the smallest uniform draw.
 */
export function normalQuantile(probability: number): number {
  const centred = probability - 0.5
  if (Math.abs(centred) <= 0.425) {
    const r = 0.180625 - centred * centred
    return (centred * polynomial(r, centreTop)) / polynomial(r, centreBottom)
  }
  const tail = centred < 0 ? probability || smallest : 1 - probability
  const r = Math.sqrt(-Math.log(tail))
  const distance =
    r <= 5
      ? polynomial(r - 1.6, middleTop) / polynomial(r - 1.6, middleBottom)
      : polynomial(r - 5, farTop) / polynomial(r - 5, farBottom)
  return centred < 0 ? -distance : distance
}

const smallest = 2 ** -54

type Coefficients = readonly [number, number, number, number, number, number, number, number]

function polynomial(x: number, [c0, c1, c2, c3, c4, c5, c6, c7]: Coefficients): number {
  return ((((((c7 * x + c6) * x + c5) * x + c4) * x + c3) * x + c2) * x + c1) * x + c0
}

const centreTop: Coefficients = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227,
]
const centreBottom: Coefficients = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852546,
]
const middleTop: Coefficients = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
]
const middleBottom: Coefficients = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008,
  0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-9,
]
const farTop: Coefficients = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
  0.026532189526576124, 0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
]
const farBottom: Coefficients = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  0.000018463183175100548, 1.421511758316446e-7, 2.0442631033899397e-15,
]

/**
 * The standard normal distribution function, to about 1e-7.
 *
 * By the complementary error function as Numerical Recipes (1992, §6.2, erfcc) approximates it.
 */
export function normalCdf(value: number): number {
  const z = Math.abs(value) / Math.SQRT2
  const t = 1 / (1 + z / 2)
  const series = erfcTerms.reduceRight((sum, term) => sum * t + term, 0)
  const tail = (t * Math.exp(-z * z + series)) / 2
  return value < 0 ? tail : 1 - tail
}

const erfcTerms = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
]
