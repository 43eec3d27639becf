import { type } from 'arktype'
const t = type({ stars: 'number.integer', text: 'string' })
const j = t['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
console.log(JSON.stringify(j), j.required.map(x => typeof x + ' ' + x), String.prototype)
