/** The reports' style sheet: readable on a screen, light or dark, and on paper; no font or picture from elsewhere. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #5b6470; --line: #d9dee4; --fill: #f5f7f9; --page: #fff; --error: #a4262c; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #9aa5b1; --line: #343b44; --fill: #22282f; --page: #15191e; --error: #ff8a8a; }
  svg [fill="#0072b2"] { fill: #3b9bdc; } svg [stroke="#0072b2"] { stroke: #3b9bdc; } svg [fill="#5b6470"] { fill: #8d98a5; } svg [stroke="#5b6470"] { stroke: #8d98a5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 32px 24px 64px; color: var(--ink); background: var(--page);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; padding-top: 8px; border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 20px 0 4px; } p { margin: 6px 0 10px; max-width: 76ch; } .soft { color: var(--soft); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; margin: 6px 0 12px; }
th, td { padding: 4px 7px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th[scope="row"], thead th:first-child { text-align: left; } thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; line-height: 1.25; }
tbody th { font-weight: 500; } td.wrap, th.wrap { white-space: normal; text-align: left; min-width: 16em; }
.best { font-weight: 700; } .interval { color: var(--soft); font-size: 12px; } .error { color: var(--error); }
table.notes td { text-align: left; white-space: normal; overflow-wrap: anywhere; } table.notes thead th { text-align: left; } table.facts thead { display: none; }
svg { display: block; max-width: 100%; height: auto; } svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--ink); }
svg text.soft { fill: var(--soft); } svg .grid { stroke: var(--line); stroke-width: 1; } svg .axis { stroke: var(--soft); stroke-width: 1; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; margin: 6px 0; } .legend span { display: inline-flex; align-items: center; gap: 6px; }
.panels { display: flex; flex-wrap: wrap; gap: 16px 24px; } figure { margin: 0; overflow-x: auto; } figcaption { font-size: 13px; margin-bottom: 2px; }
details { margin: 6px 0; border: 1px solid var(--line); border-radius: 6px; padding: 0 12px; } summary { cursor: pointer; padding: 7px 0; }
ul.examples { padding-left: 18px; font-size: 13.5px; } ul.examples li { margin: 6px 0; overflow-wrap: anywhere; } .label { background: var(--fill); border-radius: 4px; padding: 0 5px; }
@media screen and (max-width: 700px) { svg[width="1030"] { max-width: none; width: 760px; } }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } h2, h3, h2 + p, h3 + p, summary, .legend, figcaption { break-after: avoid; } figure, tr, li { break-inside: avoid; }
  .scroll { overflow: visible; } table { font-size: 8pt; } .interval { font-size: 7pt; } th, td { padding: 2px 5px; } details { border: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
@page { size: A4; margin: 14mm; }
`;
