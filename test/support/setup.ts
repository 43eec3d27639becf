import * as fc from 'fast-check'

/*
 * Properties look at the same cases in every run, so that a red run is about the change available.
 * PROPERTY_SEED=random looks at new ones; a number looks at those a failure named.
 */
const wanted = process.env['PROPERTY_SEED'] ?? '20261123'
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) })
