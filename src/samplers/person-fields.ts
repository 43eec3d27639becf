/** Locales of which NeMo Data Designer has a table. */
export const personLocales = [
  'en_GB',
  'en_IN',
  'en_SG',
  'en_US',
  'de_DE',
  'fr_FR',
  'hi_Deva_IN',
  'hi_Latn_IN',
  'ja_JP',
  'ko_KR',
  'pt_BR',
] as const

/** Fields of a person that are columns of a table, in the order in which a person has them. */
export const detailFields: readonly string[] = (
  'uuid first_name middle_name last_name sex age marital_status postcode city district region country ' +
  'street_name street_number unit bachelors_field education_level occupation locale ethnic_background ' +
  'industry preferred_english_name first_name_heritage name_heritage is_first_gen_immigrant ' +
  'household_type monthly_income_eur area blood_pressure_status blood_sugar_status bmi_status ' +
  'drinking_status economic_activity_status family_type housing_tenure housing_type income_bracket ' +
  'military_status smoking_status waist_status race education_degree first_language second_language ' +
  'third_language zone religion'
).split(' ')

/** Fields that are made for each person, whatever a table has. */
export const madeFields: readonly string[] = [
  'birth_date',
  'phone_number',
  'email_address',
  'national_id',
]

/** The texts about a person, with `with_synthetic_personas`. */
export const personaFields: readonly string[] = (
  'persona detailed_persona professional_persona career_goals_and_ambitions cultural_background ' +
  'arts_persona culinary_persona finance_persona healthcare_persona sports_persona travel_persona ' +
  'hobbies_and_interests hobbies_and_interests_list skills_and_expertise skills_and_expertise_list ' +
  'openness conscientiousness extraversion agreeableness neuroticism aspects digital_skill ' +
  'family_persona religious_persona religious_background linguistic_persona linguistic_background'
).split(' ')

/** Without these a table has no persons. */
export const neededFields = ['first_name', 'last_name', 'age'] as const

/** American tables call the state a region. */
export function columnOf(field: string, locale: string): string {
  return locale === 'en_US' && field === 'state' ? 'region' : field
}

export function fieldOf(column: string, locale: string): string {
  return locale === 'en_US' && column === 'region' ? 'state' : column
}
