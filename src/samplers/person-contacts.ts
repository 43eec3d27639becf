import type { Random } from '../random/random.ts'

/** Area codes of the states of the USA. */
const areaCodes: Readonly<Record<string, string>> = {
  AK: '907',
  AL: '205 251 256 334',
  AR: '479 501 870',
  AZ: '480 520 602 623 928',
  CA: '209 213 310 323 408 415 510 530 559 562 619 626 650 661 707 714 760 805 818 831 858 909 916 925 949 951',
  CO: '303 719 720 970',
  CT: '203 860',
  DC: '202',
  DE: '302',
  FL: '239 305 321 352 386 407 561 727 772 786 813 850 863 904 941 954',
  GA: '229 404 478 678 706 770 912',
  HI: '808',
  IA: '319 515 563 641 712',
  ID: '208',
  IL: '217 309 312 618 630 708 773 815 847',
  IN: '219 260 317 574 765 812',
  KS: '316 620 785 913',
  KY: '270 502 606 859',
  LA: '225 318 337 504 985',
  MA: '413 508 617 781 978',
  MD: '240 301 410 443',
  ME: '207',
  MI: '231 248 269 313 517 586 616 734 810 906 989',
  MN: '218 320 507 612 651 763 952',
  MO: '314 417 573 636 660 816',
  MS: '228 601 662',
  MT: '406',
  NC: '252 336 704 828 910 919',
  ND: '701',
  NE: '308 402',
  NH: '603',
  NJ: '201 609 732 856 908 973',
  NM: '505 575',
  NV: '702 775',
  NY: '212 315 516 518 585 607 631 646 716 718 845 914 917',
  OH: '216 330 419 440 513 614 740 937',
  OK: '405 580 918',
  OR: '503 541 971',
  PA: '215 412 484 570 610 717 724 814',
  PR: '787 939',
  RI: '401',
  SC: '803 843 864',
  SD: '605',
  TN: '423 615 731 865 901 931',
  TX: '210 214 254 281 325 361 409 432 469 512 713 806 817 830 832 903 915 936 940 956 972 979',
  UT: '435 801',
  VA: '276 434 540 571 703 757 804',
  VT: '802',
  WA: '206 253 360 425 509',
  WI: '262 414 608 715 920',
  WV: '304',
  WY: '307',
}

/** A number of the state, in the American form; of any state where this one is not known. */
export function americanPhone(random: Random, state: string): string {
  const codes = (areaCodes[state] ?? Object.values(areaCodes).join(' ')).split(' ')
  const area = codes[random.below(codes.length)] ?? ''
  const first = 2 + random.below(8)
  const rest = random.below(99)
  // No exchange ends in 11: those are services such as 911.
  const exchange = `${first}${String(rest < 11 ? rest : rest + 1).padStart(2, '0')}`
  return `${area}-${exchange}-${digits(random, 4)}`
}

/** In the form of a social security number; those from 900 on were never given to anybody. */
export function americanId(random: Random): string {
  const area = 900 + random.below(100)
  // Groups from 50 on are of tax numbers.
  return `${area}-${String(1 + random.below(49)).padStart(2, '0')}-${digits(random, 4)}`
}

/** Made of the names, at a domain that belongs to no one; of names in other letters, of the number only. */
export function emailOf(
  random: Random,
  { first, last, year }: { first: string; last: string; year: string },
): string {
  const [given, family] = [first, last].map(plainLetters)
  const names = [given, family].filter((name) => name !== '')
  const separator = ['.', '_', ''][random.below(3)] ?? ''
  const number = [year, year.slice(2), digits(random, 2)][random.below(3)] ?? ''
  const host = ['example.com', 'example.net', 'example.org'][random.below(3)] ?? ''
  return `${names.length === 0 ? 'user' : names.join(separator)}${number}@${host}`
}

function plainLetters(name: string | undefined): string {
  return (name ?? '')
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
}

function digits(random: Random, count: number): string {
  return String(random.below(10 ** count)).padStart(count, '0')
}
