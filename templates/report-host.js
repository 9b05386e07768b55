"use strict";
// What the page says of one host or of one group of hosts that came out alike.

const detail = (() => {
  const { make, breaks, mark, plural, format, SEVERITIES } = page;
  const STATES = {
    compliant: "clean", drifted: "warning", "lost-at-boot": "warning", wrong: "error",
    shadowed: "error", "not-settable": "note", "decided-later": "note", unknown: "unjudged",
  };
  const WRONG_NOW = new Set(["wrong", "drifted"]);
  const WRONG_LATER = new Set(["wrong", "shadowed", "lost-at-boot"]);
  const MOST_NAMES = 500;
  const SVG = "http://www.w3.org/2000/svg";

  function showHost(place, index, { back, toGroup }) {
    const host = page.host(index);
    const about = [host.roles, host.kernel && `Linux ${host.kernel}`, host.os].filter(Boolean);
    const parts = [
      ...heading(host.name, back),
      about.length ? make("p", { class: "muted" }, about.join(" · ")) : null,
      host.groups ? make("p", { class: "muted" }, `In ${host.groups}`) : null,
    ];
    if (host.block.count > 1) {
      const others = plural(host.block.count - 1, "other host");
      parts.push(make("p", { class: "muted" }, `Alike: ${others}, `, link(`group ${host.block.id}`, () => toGroup(host.block))));
    }
    if (host.failure) parts.push(...failed(host.failure, host.block.outcome));
    parts.push(...found(host.verdict, host.block));
    if (host.keys.length) parts.push(...settings(host.keys));
    if (host.gauges) parts.push(...measures(host.gauges));
    place.replaceChildren(...parts.filter(Boolean));
  }

  function showBlock(place, block, chosen, { back, toHost }) {
    const first = page.host(block.first);
    const names = [];
    let count = 0;
    for (let index = block.first; index < block.first + block.count; index++) {
      if (!chosen[index] || ++count > MOST_NAMES) continue;
      names.push(make("li", {}, link(page.column.name[index], () => toHost(index))));
    }
    if (count > MOST_NAMES) names.push(make("li", { class: "muted" }, `and ${plural(count - MOST_NAMES, "host")} more`));
    const some = count < block.count ? ` of ${format(block.count)}` : "";
    const parts = [
      ...heading(`${plural(count, "host")}${some} alike`, back),
      make("p", { class: "muted" }, [first.roles, `group ${block.id}`].filter(Boolean).join(" · ")),
      make("ul", { class: "members", tabindex: "0", "aria-label": "Hosts of this group" }, ...names),
    ];
    if (first.failure) parts.push(...failed(first.failure, block.outcome));
    parts.push(...found(page.toVerdict(block.verdict), block));
    place.replaceChildren(...parts.filter(Boolean));
  }

  function link(text, act) {
    return make("button", { type: "button", class: "link", on: { click: act } }, text);
  }

  function heading(title, back) {
    return [
      make("button", { type: "button", class: "back", on: { click: back } }, "← All hosts"),
      make("h3", { id: "detail-title", tabindex: "-1" }, title),
    ];
  }

  function failed([kind, message, hint], outcome) {
    return [
      make("h4", {}, `Why it could not be ${outcome === "unjudged" ? "judged" : "asked"}`),
      make("p", {}, mark(outcome), ` ${kind}`),
      make("p", {}, message),
      hint ? make("p", { class: "muted" }, hint) : null,
    ];
  }

  function found(verdict, block) {
    const parts = [];
    if (verdict.findings.length) {
      parts.push(make("h4", {}, plural(verdict.findings.length, "finding")));
      parts.push(...verdict.findings.map(finding));
    } else if (block.outcome === "clean") {
      parts.push(make("h4", {}, "No findings"));
      parts.push(make("p", {}, verdict.known.length || verdict.waived.length ? "Nothing but what is known or waived was found." : "Every rule was judged, and nothing was found."));
    }
    if (block.command) parts.push(make("h4", {}, "Next"), command(block.command));
    if (verdict.known.length) {
      parts.push(make("h4", {}, "Known, by the baseline"));
      for (const it of verdict.known)
        parts.push(
          make("p", {}, mark("waived"), " ", make("span", { class: "name" }, it.key || it.rule),
            ` ${it.rule}: ${it.message}`));
    }
    if (verdict.waived.length) {
      parts.push(make("h4", {}, "Waived"));
      for (const { finding: it, reason, owner, until } of verdict.waived)
        parts.push(
          make("p", {}, mark("waived"), " ", make("span", { class: "name" }, it.key || it.rule),
            ` ${it.rule}: ${reason} (${owner}, until ${until})`));
    }
    if (verdict.unjudged.length) {
      parts.push(make("h4", {}, "Could not be judged"));
      const reasons = new Map();
      for (const [rule, reason] of verdict.unjudged)
        reasons.set(reason, [...(reasons.get(reason) || []), rule]);
      for (const [reason, rules] of reasons)
        parts.push(make("p", {}, mark("unjudged"), ` could not see ${reason}: ${rules.join(", ")}`));
      for (const hint of new Set(verdict.unjudged.map(([, , hint]) => hint)))
        if (hint) parts.push(make("p", { class: "muted" }, hint));
    }
    return parts;
  }

  function finding(it) {
    const severity = SEVERITIES[it.severity];
    const sure = it.confidence === "proven" ? "" : ` (${it.confidence})`;
    return make("div", { class: "finding" },
      make("p", { class: "title" }, mark(severity), make("span", {}, severity),
        make("span", { class: "name" }, ...breaks(it.key || it.rule)),
        make("span", { class: "aside" }, (it.key ? it.rule : "") + sure)),
      make("p", {}, it.message),
      facts([["live", it.live], ["wanted", it.wanted], ["next boot", it.boot], ["decided by", it.where], ["state", it.standing]]),
      it.parts.length
        ? make("details", {}, make("summary", {}, `The ${plural(it.parts.length, "finding")} that it sums up`),
          make("div", { class: "parts" }, ...it.parts.map(finding)))
        : null,
      rulePage(it.rule));
  }

  function facts(pairs) {
    const told = pairs.filter(([, value]) => value);
    if (!told.length) return null;
    return make("dl", { class: "facts" },
      ...told.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, ...breaks(value)))));
  }

  function rulePage(name) {
    const rule = page.rules[name];
    if (!rule) return null;
    const [, , sections] = rule;
    return make("details", {},
      make("summary", {}, "Why, and what instead"),
      make("div", { class: "page" },
        ...sections.flatMap(([title, texts]) => [
          make("h5", {}, title), ...texts.map((text) => make(text.startsWith("    ") ? "pre" : "p", {}, text))])));
  }

  function command(line) {
    const code = make("code", { tabindex: "0", role: "region", "aria-label": "Command" }, line);
    const button = make("button", { type: "button" }, "Copy");
    button.addEventListener("click", async () => {
      button.textContent = (await copy(line, code)) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    return make("div", { class: "command" }, code, button);
  }

  async function copy(line, code) {
    try {
      await navigator.clipboard.writeText(line);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return false;
    }
  }

  function settings(keys) {
    const wrong = keys.filter((row) => row.state !== "compliant");
    const right = keys.filter((row) => row.state === "compliant");
    const parts = [make("h4", {}, "Settings of the policy")];
    if (wrong.length) parts.push(table(wrong, "Not as wanted, or not known"));
    if (right.length) {
      const fold = make("details", {}, make("summary", {}, `${plural(right.length, "setting")} as wanted`));
      // The table of what is right is made when somebody asks for it.
      fold.addEventListener("toggle", () => {
        if (fold.open && fold.children.length === 1) fold.append(table(right, ""));
      });
      parts.push(fold);
    }
    return parts;
  }

  function table(rows, caption) {
    const heads = ["setting", "state", "wanted", "live", "next boot", "default", "decided by"];
    return make("table", { role: "table" },
      caption ? make("caption", {}, caption) : null,
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" },
        ...heads.map((head) => make("th", { scope: "col", role: "columnheader" }, head)))),
      make("tbody", { role: "rowgroup" }, ...rows.map(line)));
  }

  function line(row) {
    const cell = (label, value, kind = "") =>
      make("td", { role: "cell", "data-label": label, class: kind || false }, value);
    return make("tr", { role: "row" },
      make("th", { scope: "row", role: "rowheader" }, ...breaks(row.key)),
      make("td", { role: "cell", "data-label": "state" },
        make("span", { class: "state" }, mark(STATES[row.state] || "note"), row.state)),
      cell("wanted", row.wanted),
      cell("live", row.live, WRONG_NOW.has(row.state) ? "bad" : row.missing ? "soft" : ""),
      cell("next boot", row.boot, WRONG_LATER.has(row.state) ? "bad" : ""),
      cell("default", row.standard, "soft"),
      make("td", { role: "cell", "data-label": "decided by" }, ...breaks(row.where),
        row.note ? make("span", { class: "note" }, row.note) : ""));
  }

  // Measures: what people would rather look at than read. Every picture is said in words beside it.
  function measures(gauges) {
    const figures = [];
    for (const to of gauges.destinations) {
      const whole = gauges.usable || 0;
      figures.push(bar({
        title: `Local ports to ${to.remote.includes(":") ? `[${to.remote}]` : to.remote}:${to.port}`,
        value: whole ? `${format(to.used)} of ${format(whole)}` : format(to.used),
        share: whole ? to.used / whole : 0,
        part: whole ? to.waiting / whole : 0,
        ticks: [0.5],
        note: `${format(to.waiting)} of them in TIME_WAIT, from ${to.local}` + (whole && to.used > whole / 2 ? "; connect() is slow from half on" : ""),
      }));
    }
    if (gauges.timeWait) figures.push(slope(gauges));
    if (gauges.conntrack) {
      const [entries, most] = gauges.conntrack;
      figures.push(bar({
        title: "Connections tracked", value: `${format(entries)} of ${format(most)}`,
        share: entries / most, part: 0, ticks: [0.95],
        note: "above 95 % closing entries are dropped early; when it is full, new connections are",
      }));
    }
    if (!figures.length) return [];
    return [make("h4", {}, "Measures at the time of the audit"), make("div", { class: "gauges" }, ...figures)];
  }

  function bar({ title, value, share, part, ticks, note }) {
    const percent = share ? ` (${share < 0.01 ? "<1" : Math.round(share * 100)} %)` : "";
    const picture = svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: 100, height: 14, rx: 0.6 }),
      svg("rect", { class: share > 0.9 ? "hot" : "fill", width: 100 * Math.min(1, share), height: 14, rx: 0.6 }),
      svg("rect", { class: "part", width: 100 * Math.min(1, part), height: 14, rx: 0.6 }),
      ...ticks.map((at) => svg("line", { class: "tick", x1: 100 * at, x2: 100 * at, y1: -2, y2: 16, "vector-effect": "non-scaling-stroke" })));
    return make("figure", { class: "gauge" },
      make("figcaption", {}, make("span", {}, title), make("span", {}, value + percent)), picture, make("p", {}, note));
  }

  function slope({ timeWait: [first, second], seconds, limit }) {
    const top = Math.max(first, second, 1) * 1.15;
    const y = (value) => 42 - (40 * value) / top;
    const rate = seconds ? (second - first) / seconds : 0;
    const change = Math.abs(rate) < 0.5 ? "steady" : `${rate > 0 ? "+" : "−"}${format(Math.abs(Math.round(rate)))} a second`;
    const picture = svg("svg", { class: "slope", viewBox: "0 0 100 44", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: 100, height: 44, rx: 0.6 }),
      svg("polygon", { class: "area", points: `4,44 4,${y(first)} 96,${y(second)} 96,44` }),
      svg("polyline", { class: "line", points: `4,${y(first)} 96,${y(second)}` }));
    return make("figure", { class: "gauge" },
      make("figcaption", {}, make("span", {}, "TIME_WAIT, two samples"), make("span", {}, `${format(first)} → ${format(second)}`)),
      picture,
      make("p", {}, `${change} over ${seconds} s` + (limit === null ? "" : `; at most ${format(limit)} (tcp_max_tw_buckets)`)));
  }

  function svg(tag, options, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(options)) element.setAttribute(name, String(value));
    element.append(...children);
    return element;
  }

  return { showHost, showBlock, command };
})();
