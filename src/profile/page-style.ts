import { Html } from './html.ts'

/** The page's style: one accent for what was observed, one for what was declared. */
export const style = new Html(`
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #1c2330; --soft: #5b6475; --line: #dfe3ea;
  --observed: #3b6fd4; --link: #2f60c2; --track: #eaeef5; --declared: #c2571a;
  --good: #2e7d4f; --null: #9a7b10; --bad: #b3372f; --out: #7a5aa6; --left: #aab2c0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161d; --card: #1a2029; --ink: #e6eaf1; --soft: #9aa5b6; --line: #2c3440;
    --observed: #6f9bf0; --link: #6f9bf0; --track: #262e3a; --declared: #f0964f;
    --good: #5cbf86; --null: #d4b24a; --bad: #ef7d74; --out: #b497e0; --left: #566072;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 1240px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 .8rem; font-size: 1.1rem; }
h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
p { margin: .3rem 0; }
.soft { color: var(--soft); }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; margin: .8rem 0; align-items: start; }
.pair td, .pair th { overflow-wrap: anywhere; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem;
}
.outcomes { display: flex; height: 14px; border-radius: 7px; overflow: hidden; margin: 1.2rem 0 .6rem; background: var(--track); gap: 2px; }
.outcomes i { display: block; min-width: 3px; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.3rem; margin: 0; padding: 0; list-style: none; }
.legend i, .key { display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .45em; }
.accepted { background: var(--good); } .nullKept { background: var(--null); }
.dropped { background: var(--bad); } .rejected { background: var(--out); } .remaining { background: var(--left); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin-top: 1.2rem; }
.tile b { display: block; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; font-size: .85rem; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.words { overflow-wrap: anywhere; white-space: pre-wrap; }
.columns { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 1rem; align-items: start; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .6rem; }
.tag { font-size: .78rem; color: var(--soft); border: 1px solid var(--line); border-radius: 99px; padding: 0 .55em; white-space: nowrap; }
.facts { font-size: .88rem; color: var(--soft); margin: .35rem 0 .6rem; }
.facts b { color: var(--ink); font-weight: 600; }
.verdict { font-size: .88rem; margin-top: .6rem; padding-top: .55rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.verdict b.differs { color: var(--bad); } .verdict b.as-declared { color: var(--good); }
.bars { display: grid; grid-template-columns: fit-content(45%) 1fr max-content; gap: .25rem .7rem; align-items: center; font-size: .86rem; }
.bars .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars .track { position: relative; height: 12px; background: var(--track); border-radius: 3px; }
.bars .fill { position: absolute; inset: 0 auto 0 0; background: var(--observed); border-radius: 3px; }
.bars .mark { position: absolute; top: -3px; bottom: -3px; width: 2px; margin-left: -1px; background: var(--declared); }
nav { margin: .7rem 0; }
nav a { margin-right: .9rem; }
.headline { font-size: 1.05rem; margin: .6rem 0 .9rem; }
.headline .open { color: var(--declared); }
.judged { border-left: 5px solid var(--good); padding: .7rem 1.1rem; }
.judged.check { border-left-color: var(--null); } .judged.poor { border-left-color: var(--bad); }
.judged ul { margin: .5rem 0 0; padding-left: 1.1rem; }
.judged li { margin: .2rem 0; overflow-wrap: anywhere; } .judged li.poor::marker { color: var(--bad); } .judged li.check::marker { color: var(--null); }
svg { display: block; width: 100%; height: auto; }
svg .bar { fill: var(--observed); }
svg .curve { fill: none; stroke: var(--declared); stroke-width: 1.6; vector-effect: non-scaling-stroke; }
svg .axis { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.ends { display: flex; justify-content: space-between; font-size: .8rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.caption { font-size: .82rem; color: var(--soft); margin: .5rem 0 .3rem; }
.observed { background: var(--observed); } .declared { background: var(--declared); }
pre { margin: .3rem 0; padding: .6rem .8rem; background: var(--track); border-radius: 6px; overflow-x: auto; font-size: .85rem; max-height: 24rem; overflow-y: auto; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
summary { cursor: pointer; font-size: .88rem; color: var(--soft); margin-top: .5rem; }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .8rem; }
button { cursor: pointer; } button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--observed); outline-offset: 1px; }
.pager { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .6rem 0; } .pager[hidden] { display: none; }
.pager input { flex: 1 1 12rem; min-width: 0; max-width: 26rem; } .pager [role=status] { font-variant-numeric: tabular-nums; }
.records { display: grid; gap: .8rem; }
.record h3 { font-size: .85rem; color: var(--soft); font-weight: 500; }
.record h4 { margin: .7rem 0 .15rem; font-size: .85rem; color: var(--soft); font-weight: 500; overflow-wrap: anywhere; }
.record dl { margin: .2rem 0; } .record dd { margin: 0; overflow-wrap: anywhere; min-width: 0; } .record dt { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; min-width: 0; }
.record .short { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 11rem), 1fr)); gap: .3rem 1.2rem; }
.record .fields { display: grid; grid-template-columns: fit-content(30%) minmax(0, 1fr); gap: .15rem .9rem; padding-left: .7rem; border-left: 2px solid var(--line); }
.prose p { max-width: 75ch; margin: 0 0 .2rem; }
.chat { display: grid; gap: .5rem; } .message { padding: .5rem .8rem; border-radius: 8px; background: var(--track); max-width: 85%; min-width: 0; } .message[data-role=user] { margin-left: auto; } .message > b { font-size: .8rem; color: var(--soft); }
.record img { max-width: min(100%, 18rem); max-height: 18rem; border-radius: 6px; }
.media { display: flex; flex-wrap: wrap; gap: .6rem; } a { color: var(--link); overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; font-size: .85rem; color: var(--soft); }
@media print { body { background: #fff; } .card { break-inside: avoid; } }
`)
