import { Session } from 'node:inspector/promises'
import { type CpuProfile, selfTimes } from './profile.ts'
import type { ClientMeasure } from './processes.ts'

/** Measures this process while it works, and tells the parent. */
export async function measured(profiled: boolean, work: () => Promise<void>): Promise<void> {
  const session = profiled ? await startProfile() : null
  const started = performance.now()
  const cpu = process.cpuUsage()
  const main = process.threadCpuUsage()
  await work()
  const measure: ClientMeasure = {
    seconds: (performance.now() - started) / 1000,
    mainCpuSeconds: seconds(process.threadCpuUsage(main)),
    cpuSeconds: seconds(process.cpuUsage(cpu)),
    // It comes in kilobytes.
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  }
  if (session !== null) {
    const { profile } = await session.post('Profiler.stop')
    // The inspector's own type omits what a stopped profile always has.
    measure.profile = selfTimes(profile as CpuProfile)
    session.disconnect()
  }
  // Started by hand it has no parent to tell.
  if (process.send === undefined) console.log(measure)
  else process.send(measure)
  if (process.connected) process.disconnect()
}

async function startProfile(): Promise<Session> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  // Finer than the default: what is looked for costs a few microseconds.
  await session.post('Profiler.setSamplingInterval', { interval: 200 })
  await session.post('Profiler.start')
  return session
}

function seconds({ user, system }: { user: number; system: number }): number {
  return (user + system) / 1e6
}
