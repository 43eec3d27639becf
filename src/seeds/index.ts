import { local } from './local.ts'

export const seedSources = [local] as const
