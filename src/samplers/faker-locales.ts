/** Places a locale of NeMo Data Designer's library has in the library here, where the names differ. */
const renamed: Readonly<Record<string, string>> = {
  dk_DK: 'da',
  en: 'en_US',
  no_NO: 'nb_NO',
}

/** Countries of locales that name none. */
const homes: Readonly<Record<string, string | null>> = {
  ar_AA: null,
  de: 'DE',
  dk_DK: 'DK',
  en: 'US',
  es: 'ES',
  th: 'TH',
}

/** Locales that have their own data. */
const own =
  'bn_BD cs_CZ de de_AT de_CH en_AU en_CA en_GB en_IE en_IN en_US es es_MX fr_BE fr_CA fr_CH ' +
  'id_ID ka_GE nl_BE pt_BR pt_PT sl_SI ta_IN th zh_CN zh_TW zu_ZA'

/** Locales that use the data of their language. */
const ofLanguage =
  'ar_AA ar_AE ar_BH ar_EG ar_JO ar_PS ar_SA az_AZ da_DK de_DE dk_DK el_CY el_GR en en_BD en_NZ en_PH ' +
  'en_TH es_AR es_CA es_CL es_CO es_ES fa_IR fi_FI fr_FR he_IL hr_HR hu_HU hy_AM it_CH it_IT ' +
  'ja_JP ko_KR lv_LV ne_NP nl_NL no_NO pl_PL ro_RO ru_RU sk_SK sv_SE th_TH tr_TR uk_UA vi_VN'

/** Locales of NeMo Data Designer that have no names here. */
export const missingLocales: readonly string[] =
  'bg_BG bs_BA et_EE fil_PH ga_IE hi_IN la lb_LU lt_LT mt_MT or_IN sq_AL tl_PH tw_GH'.split(' ')

export const fakerLocales: readonly string[] = [
  ...own.split(' '),
  ...ofLanguage.split(' '),
].toSorted()

const withOwnData = new Set(own.split(' '))

/** The library's name of a locale's data. */
export function dataOf(locale: string): string {
  if (withOwnData.has(locale)) return locale
  return renamed[locale] ?? locale.slice(0, locale.indexOf('_'))
}

// Made at the first question: the data behind it take 10 ms to load.
let countryNames: Intl.DisplayNames | null = null

/** The country of a locale, in English. */
export function countryOf(locale: string): string | null {
  const home = homes[locale]
  const code = home === undefined ? locale.slice(locale.indexOf('_') + 1) : home
  if (code === null) return null
  countryNames ??= new Intl.DisplayNames(['en'], { type: 'region' })
  return countryNames.of(code) ?? null
}
