"""A prequential report as a page that opens offline, and as the fragment that a notebook shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from lifelong_widgets.data.display import shorten
from lifelong_widgets.evaluation.metrics import COLD
from lifelong_widgets.evaluation.picture import curve_svg, roles, short

if TYPE_CHECKING:
    from lifelong_widgets.evaluation.report import PrequentialReport

# Nothing may be loaded or run, whatever a title contains: there is no script, and the style is inline.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_DARK = """--fg0:#f4f5f7;--fg1:#dcdfe4;--fg2:#a3a9b3;--bd:#303338;--bg1:#17181b;--sel:#182836;
--c0:#56b4e9;--c1:#f0b84a;--c2:#2fc79b;--c3:#dd8fc0;--c4:#f28e4b;--mute:#8b919b;--alarm:#f28e4b"""

_STYLE = f"""
.lw-report{{--fg0:var(--jp-content-font-color0,#16181d);--fg1:var(--jp-content-font-color1,#2b2f36);
--fg2:#5d636d;--bd:var(--jp-border-color2,#e0e0e3);--bg1:#fff;--sel:#e8f2fa;
--c0:#0072b2;--c1:#b97900;--c2:#009e73;--c3:#a8578a;--c4:#d55e00;--mute:#7d838c;--alarm:#d55e00;
color:var(--fg1);font:13px/1.45 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;
font-variant-numeric:tabular-nums;max-width:960px}}
[data-jp-theme-light="false"] .lw-report{{{_DARK}}}
.lw-report h1{{font-size:17px;font-weight:600;color:var(--fg0);margin:0}}
.lw-report h2{{font-size:12px;font-weight:600;color:var(--fg0);margin:0 0 4px}}
.lw-report h2 small{{font-size:12px;font-weight:400;color:var(--fg2);margin-left:8px}}
.lw-report section{{padding:16px 0;border-top:1px solid var(--bd)}}
.lw-report header{{padding:0 0 14px}}
.lw-report p{{margin:2px 0 0;color:var(--fg2)}}
.lw-report .stop{{color:var(--alarm);font-weight:600}}
.lw-report .big{{display:flex;flex-wrap:wrap;gap:8px 28px;margin:8px 0 12px}}
.lw-report .big b{{display:block;font-size:22px;line-height:1.15;font-weight:600;color:var(--fg0)}}
.lw-report .big b.frozen,.lw-report .big b.popularity{{color:var(--fg2)}}
.lw-report .big span{{font-size:12px;color:var(--fg2)}}
.lw-report .scroll{{overflow-x:auto}}
.lw-report table{{border-collapse:collapse;width:100%;margin:0;font-size:13px}}
.lw-report th,.lw-report td{{padding:5px 10px;text-align:right;font-weight:400;background:none;
border:0;border-bottom:1px solid var(--bd);white-space:nowrap;color:var(--fg1)}}
.lw-report.lw-report tbody tr{{background:none}}
.lw-report th:first-child{{text-align:left;padding-left:0}}
.lw-report thead th{{color:var(--fg2);font-size:12px}}
.lw-report tbody th[colspan]{{padding-top:12px;color:var(--fg2);font-size:12px}}
.lw-report td b{{font-weight:600;color:var(--fg0)}}
.lw-report i{{display:inline-block;width:18px;height:0;border-top:2px solid;margin-right:8px;
vertical-align:middle}}
.lw-report dl{{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:4px 0 0}}
.lw-report dt{{color:var(--fg2);font-weight:400}}.lw-report dd{{margin:0;overflow-wrap:anywhere}}
.lw-report svg{{display:block;width:100%;height:auto}}
.lw-report .grid{{stroke:var(--bd);stroke-width:1;fill:none}}
.lw-report .axis{{font-size:11px;fill:var(--fg2)}}
.lw-report .label{{font-size:12px;fill:currentColor}}.lw-report .label tspan{{font-weight:600}}
.lw-report .line{{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}}
.lw-report .line.popularity{{stroke-width:1.2}}
.lw-report .line.frozen{{stroke-width:1.6;stroke-dasharray:5 4}}
.lw-report i.frozen{{border-top-style:dashed}}.lw-report i.popularity{{border-top-width:1px}}
.lw-report .alarm path{{stroke:var(--alarm);stroke-width:1.5}}
.lw-report .alarm.frozen path{{stroke-width:1;stroke-dasharray:3 3}}
.lw-report .mark{{color:var(--alarm);font-weight:600;margin-right:6px}}
.lw-report .c0,.lw-report .big b.c0{{color:var(--c0)}}.lw-report .c1,.lw-report .big b.c1{{color:var(--c1)}}
.lw-report .c2,.lw-report .big b.c2{{color:var(--c2)}}.lw-report .c3,.lw-report .big b.c3{{color:var(--c3)}}
.lw-report .c4,.lw-report .big b.c4{{color:var(--c4)}}
.lw-report .frozen,.lw-report .popularity{{color:var(--mute)}}
"""

_PAGE_STYLE = f"""
:root{{color-scheme:light dark}}body{{margin:0;padding:28px 24px;background:#fff}}
.lw-report{{margin:0 auto}}
@media (prefers-color-scheme:dark){{body{{background:#17181b}}.lw-report{{{_DARK}}}}}
@media (max-width:600px){{body{{padding:16px 12px}}}}
"""


def page(report: PrequentialReport) -> str:
    """A complete HTML document: no script, nothing fetched, light and dark as the reader's system is."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(_title(report))}</title><style>{_STYLE}{_PAGE_STYLE}</style></head>"
        f'<body><main class="lw-report">{_body(report)}</main></body></html>\n'
    )


def fragment(report: PrequentialReport) -> str:
    """The same content for a notebook's output area, in the colours of its theme."""
    return f'<style>{_STYLE}</style><div class="lw-report">{_body(report)}</div>'


def _body(report: PrequentialReport) -> str:
    return "".join(
        [
            _header(report),
            _prediction(report),
            _by_fifth(report) if len(report.positions) else "",
            _costs(report),
            _facts(report.about),
            _method(report),
        ]
    )


def _title(report: PrequentialReport) -> str:
    return str(report.about.get("title", "Test, then learn"))


def _header(report: PrequentialReport) -> str:
    done = f"{report.n_events:,} events, each tested before it was learned"
    if report.warm_up:
        done += f" · after a warm-up of {report.warm_up:,}"
    if report.n_new_items:
        done += f" · {report.n_new_items:,} of them of items new to the catalogue, which are misses"
    stop = ""
    if report.interrupted:
        left = report.n_stream - report.warm_up - report.n_events
        ended = (
            "Interrupted" if report.error is None else f"Ended by an error of {shorten(report.error, 500)}"
        )
        stop = f'<p class="stop">{escape(ended)}: {left:,} events were left.</p>'
    few = f'<p class="stop">{escape(report.warning.capitalize())}.</p>' if report.warning else ""
    return f"<header><h1>{escape(_title(report))}</h1><p>{done}</p>{stop}{few}</header>"


def _prediction(report: PrequentialReport) -> str:
    classes = roles(report.learners)
    rate = report.metrics[0]
    overall = {name: report.overall(name)[rate] for name in report.learners}
    big = [
        f'<div><b class="{classes[name]}">{short(value)}</b><span>{escape(name)}</span></div>'
        for name, value in overall.items()
    ]
    if {"live", "frozen"} <= set(overall):
        gain = overall["live"] - overall["frozen"]
        if not math.isnan(gain):
            sign = "+" if gain >= 0 else "−"
            big.append(f"<div><b>{sign}{short(abs(gain))}</b><span>what learning is worth</span></div>")
    alarms = "".join(
        '<p><span class="mark" aria-hidden="true">|</span>'
        f"Drift alarms of {escape(name)}: event {_events(events)}.</p>"
        for name, events in report.alarms.items()
        if events
    )
    return (
        f"<section><h2>How well it predicts<small>hit rate at {report.k}, all tested events; "
        f"below, of the last {report.window:,} tests</small></h2>"
        f'<div class="big">{"".join(big)}</div>{curve_svg(report)}{alarms}</section>'
    )


def _events(events: tuple[int, ...]) -> str:
    return ", ".join(f"{event:,}" for event in events)


def _by_fifth(report: PrequentialReport) -> str:
    table = report.to_pandas()
    classes = roles(report.learners)
    fifths = list(dict.fromkeys(table["fifth"]))
    counts = table[table["learner"] == report.learners[0]]["events"]
    head = "".join(
        f'<th scope="col">{f"fifth {fifth}" if fifth.isdecimal() else fifth}<br>{count:,}</th>'
        for fifth, count in zip(fifths, counts, strict=True)
    )
    groups = []
    for metric in report.metrics:
        best = table.groupby("fifth")[metric].max()
        rows = [f'<tr><th scope="rowgroup" colspan="{len(fifths) + 1}">{metric}</th></tr>']
        for name in report.learners:
            own = table[table["learner"] == name]
            cells = "".join(
                f"<td>{_bold(short(value, 4), value == best[fifth])}</td>"
                for fifth, value in zip(own["fifth"], own[metric], strict=True)
            )
            rows.append(f'<tr><th scope="row"><i class="{classes[name]}"></i>{escape(name)}</th>{cells}</tr>')
        groups.append(f"<tbody>{''.join(rows)}</tbody>")
    return (
        "<section><h2>Fifth by fifth<small>of the stream in time order; cold: of items with fewer than "
        f"{COLD} events till then; the best of each column is bold"
        f'</small></h2><div class="scroll"><table><thead><tr><th scope="col">tested events</th>{head}</tr>'
        f"</thead>{''.join(groups)}</table></div></section>"
    )


def _costs(report: PrequentialReport) -> str:
    rows = []
    for name, cost in report.costs.iterrows():
        cells = "".join(
            f"<td>{'–' if math.isnan(value) else f'{value:,.0f}'}</td>" for value in cost.to_numpy()
        )
        rows.append(f'<tr><th scope="row">{escape(str(name))}</th>{cells}</tr>')
    return (
        "<section><h2>What an event costs<small>CPU time in microseconds</small></h2>"
        '<div class="scroll"><table><thead><tr><th scope="col"></th><th scope="col">to rank, mean</th>'
        '<th scope="col">95th percentile</th><th scope="col">to learn, mean</th>'
        f'<th scope="col">95th percentile</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        "</section>"
    )


def _facts(about: Mapping[str, Any]) -> str:
    facts = {name: value for name, value in _flat(about).items() if name != "title"}
    if not facts:
        return ""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items())
    return f"<section><h2>Settings</h2><dl>{items}</dl></section>"


def _flat(about: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in about.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _method(report: PrequentialReport) -> str:
    k, depth = report.k, report.depth
    return (
        "<section><h2>How it was measured</h2>"
        f"<p>Before each event every learner was asked for {depth} items for that person. "
        f"HR@{k} is the share of events whose item was among the first {k}; "
        f"nDCG@{k} counts it as 1 / log2(1 + rank), MRR@{depth} as 1 / rank within the whole list. "
        "Only then was the event learned. An item that the catalogue did not hold yet is a miss; "
        "it is added after its first event. "
        "A drift alarm says that the hit rate has fallen by more than chance explains.</p></section>"
    )


def _bold(text: str, bold: bool) -> str:
    return f"<b>{text}</b>" if bold else text
