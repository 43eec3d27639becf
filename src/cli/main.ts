#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { createProgram } from './program.ts'

enableCompileCache()
process.exitCode = await createProgram(process.argv)
