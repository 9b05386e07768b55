"use strict";
// The heat map, the list of hosts, and what ties them together: filters, keys, the address bar.

(() => {
  const { total, blocks, causes, column, make, mark, plural, format } = page;
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  root.classList.replace("plain", "lively");
  root.classList.toggle("one", total <= 1);

  const state = { query: "", outcome: "", role: -1, cause: -1, open: new Set(), picked: null };
  let chosen = new Uint8Array(total).fill(1);
  let items = [];
  let active = 0;

  const place = $("detail");
  const tree = $("tree");
  const sheet = make("div", { class: "sheet", role: "none" });
  const ROW = matchMedia("(pointer: coarse)").matches ? 46 : 36;

  // ---- the heat map: every host once, in the order of the list ----

  const INK = { error: "#d0473d", warning: "#d29922", note: "#6f9bc0", clean: "#7fb795", unjudged: "#a58bd0", unreachable: "#8b929a" };
  const WIDEST = 18;
  const strips = [];

  function worst(block) {
    if (block.outcome === "unreachable") return "unreachable";
    const [[kind]] = page.tally(block);
    return kind;
  }

  function addStrips() {
    for (const cell of document.querySelectorAll("[data-strip]")) {
      const canvas = make("canvas", { class: "strip", "aria-hidden": "true" });
      const cause = cell.dataset.strip === "fleet" ? null : causes[Number(cell.dataset.strip)];
      const runs = cause
        ? cause.blocks.map((number) => [blocks[number], page.SEVERITIES[cause.finding.severity]])
        : blocks.map((block) => [block, worst(block)]);
      const strip = { canvas, cell, runs, cause };
      strips.push(strip);
      canvas.addEventListener("mousemove", (event) => tell(strip, event));
      canvas.addEventListener("mouseleave", () => $("tip").classList.remove("shown"));
      canvas.addEventListener("click", (event) => {
        event.preventDefault();
        event.stopPropagation();
        const index = under(strip, event);
        if (index >= 0) pickHost(index, true);
      });
      cell.append(canvas);
    }
    new ResizeObserver(draw).observe(document.body);
  }

  function span(strip) {
    const width = strip.cell.clientWidth;
    return Math.min(width, total * WIDEST);
  }

  function draw() {
    const whole = chosen.every(Boolean);
    const dim = whole ? null : runsOf(chosen);
    for (const strip of strips) {
      const width = span(strip);
      const height = 22;
      const ratio = devicePixelRatio || 1;
      strip.canvas.width = Math.max(1, Math.round(width * ratio));
      strip.canvas.height = height * ratio;
      strip.canvas.style.width = `${width}px`;
      const pen = strip.canvas.getContext("2d");
      pen.scale(ratio, ratio);
      const each = width / total;
      const low = 1 / ratio;
      pen.fillStyle = "rgba(128, 134, 142, 0.14)";
      paint(pen, 0, total, each, low, height);
      for (const [block, kind] of strip.runs) {
        pen.fillStyle = INK[strip.cause && strip.cause.apart ? "unreachable" : kind];
        pen.globalAlpha = strip.cause && strip.cause.apart ? 0.5 : 1;
        paint(pen, block.first, block.count, each, low, height);
      }
      pen.globalAlpha = 1;
      if (dim) {
        pen.fillStyle = getComputedStyle(root).getPropertyValue("--ground");
        pen.globalAlpha = 0.78;
        for (const [first, count] of dim) paint(pen, first, count, each, 0, height);
        pen.globalAlpha = 1;
      }
    }
  }

  // One host is at least a pixel wide; hosts have gaps where there is room for them.
  function paint(pen, first, count, each, low, height) {
    if (each >= 4) {
      for (let at = first; at < first + count; at++) pen.fillRect(at * each, 0, each - (each >= 10 ? 2 : 1), height);
    } else {
      const gap = count * each > 6 ? 1 : 0;
      pen.fillRect(first * each, 0, Math.max(low, count * each - gap), height);
    }
  }

  function runsOf(flags) {
    const left = [];
    for (let at = 0; at < total; at++) {
      if (flags[at]) continue;
      const last = left[left.length - 1];
      if (last && last[0] + last[1] === at) last[1]++;
      else left.push([at, 1]);
    }
    return left;
  }

  function under(strip, event) {
    const width = span(strip);
    const at = Math.floor((event.offsetX / width) * total);
    return at >= 0 && at < total ? at : -1;
  }

  function tell(strip, event) {
    const index = under(strip, event);
    const tip = $("tip");
    tip.classList.toggle("shown", index >= 0);
    if (index < 0) return;
    const block = blocks[page.blockOf[index]];
    const said = page.tally(block).map(([kind, count]) => (count ? `${count} ${kind}` : kind)).join(", ");
    const has = !strip.cause || strip.cause.blocks.includes(block.number);
    tip.textContent = `${column.name[index]}: ${has ? said : "not this"}`;
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${event.clientY + 16}px`;
  }

  function addCauseActions() {
    for (const more of document.querySelectorAll("[data-more]")) {
      const cause = causes[Number(more.dataset.more)];
      if (total > 1)
        more.append(make("button", { type: "button", on: { click: () => filterBy(cause.number) } },
          `Show ${cause.count === 1 ? "this host" : `these ${format(cause.count)} hosts`}`));
    }
  }

  // ---- the list: groups of hosts that are alike, opened on demand, only what is seen is there ----

  function refresh() {
    const result = page.select(state);
    chosen = result.chosen;
    const narrowed = state.query || state.outcome || state.role >= 0 || state.cause >= 0;
    items = [];
    let groups = 0;
    for (const block of blocks) {
      let count = 0;
      for (let at = block.first; at < block.first + block.count; at++) count += chosen[at];
      if (!count) continue;
      groups++;
      const only = block.count === 1;
      const item = { block, host: only ? block.first : -1, level: 1, count, position: groups, size: 0 };
      items.push(item);
      if (only || !state.open.has(block.number)) continue;
      let position = 0;
      for (let at = block.first; at < block.first + block.count; at++)
        if (chosen[at]) items.push({ block, host: at, level: 2, count: 1, position: ++position, size: count });
    }
    for (const item of items) if (item.level === 1) item.size = groups;
    active = Math.max(0, items.findIndex(isPicked));
    if (tree) {
      sheet.style.height = `${items.length * ROW}px`;
      tree.style.height = `min(calc(100vh - 2rem), ${Math.max(6, items.length) * ROW + 2}px)`;
      fill();
    }
    const line = $("count");
    if (line) {
      line.replaceChildren(
        narrowed ? `${format(result.count)} of ${plural(total, "host")}` : plural(total, "host"),
        ` in ${plural(groups, "group")} of hosts that came out alike`);
      if (state.cause >= 0) {
        const it = causes[state.cause].finding;
        line.append(make("button", { type: "button", class: "chip", on: { click: () => filterBy(-1) } },
          it.key || it.rule, make("span", { class: "hidden" }, ", remove this filter"), make("span", { "aria-hidden": "true" }, "×")));
      }
      $("clear").hidden = !narrowed;
    }
    for (const button of document.querySelectorAll("button.outcome"))
      button.setAttribute("aria-pressed", String(button.dataset.outcome === state.outcome));
    draw();
  }

  function isPicked(item) {
    if (!state.picked) return false;
    return item.host === state.picked.host && item.block === state.picked.block;
  }

  function fill() {
    const first = Math.max(0, Math.floor(tree.scrollTop / ROW) - 6);
    const last = Math.min(items.length, first + Math.ceil(tree.clientHeight / ROW) + 12);
    const shown = [];
    for (let at = first; at < last; at++) shown.push(rowOf(items[at], at));
    if (active < items.length && (active < first || active >= last)) shown.push(rowOf(items[active], active));
    sheet.replaceChildren(...shown);
    if (items.length) tree.setAttribute("aria-activedescendant", `row-${active}`);
    else {
      tree.removeAttribute("aria-activedescendant");
      sheet.replaceChildren(make("div", { class: "row", role: "treeitem", "aria-disabled": "true" }, "No host matches"));
      sheet.style.height = `${ROW}px`;
      sheet.firstChild.style.height = `${ROW}px`;
    }
  }

  function rowOf(item, at) {
    const group = item.host < 0;
    const title = group ? item.block.title : column.name[item.host];
    const said = group
      ? [make("b", {}, plural(item.count, "host")), ` ${title}`]
      : [item.level === 1 ? make("b", {}, title) : title];
    const row = make("div", {
      class: `row${at === active ? " active" : ""}`, id: `row-${at}`, role: "treeitem",
      "aria-level": item.level, "aria-posinset": item.position, "aria-setsize": item.size,
      "aria-selected": String(isPicked(item)),
      "aria-expanded": group ? String(state.open.has(item.block.number)) : null,
    },
      make("span", { class: `turn${group ? "" : " leaf"}`, "aria-hidden": "true" }),
      make("span", { class: "title", title }, ...said),
      item.level === 1 ? marks(item.block) : "");
    row.style.top = `${at * ROW}px`;
    row.style.height = `${ROW}px`;
    row.addEventListener("click", (event) => {
      active = at;
      const turned = event.target.classList.contains("turn");
      if (group && (turned || (isPicked(item) && root.classList.contains("picked")))) turn(item.block);
      else pick(item, true);
    });
    return row;
  }

  function marks(block) {
    return make("span", { class: "marks" }, ...page.tally(block).map(([kind, count]) =>
      make("span", {}, mark(kind), count ? String(count) : "", make("span", { class: "hidden" }, ` ${kind}`))));
  }

  function turn(block) {
    if (!state.open.delete(block.number)) state.open.add(block.number);
    refresh();
  }

  function pick(item, asked) {
    state.picked = { host: item.host, block: item.block };
    active = Math.max(0, items.findIndex(isPicked));
    if (tree) {
      reveal();
      fill();
    }
    if (item.host < 0) detail.showBlock(place, item.block, chosen, steps);
    else detail.showHost(place, item.host, steps);
    root.classList.toggle("picked", asked);
    if (asked) remember(item);
  }

  function pickHost(index, asked) {
    const block = blocks[page.blockOf[index]];
    if (!chosen[index]) clear();
    if (block.count > 1 && !state.open.has(block.number)) turn(block);
    pick(items.find((item) => item.host === index), asked);
    if (asked && tree) place.scrollIntoView({ block: "nearest" });
  }

  function pickBlock(block) {
    pick(items.find((item) => item.block === block && item.level === 1), true);
  }

  const steps = { back, toGroup: pickBlock, toHost: (index) => pickHost(index, true) };

  function back() {
    root.classList.remove("picked");
    if (tree) tree.focus();
  }

  function reveal() {
    const top = active * ROW;
    if (top < tree.scrollTop) tree.scrollTop = top;
    else if (top + ROW > tree.scrollTop + tree.clientHeight) tree.scrollTop = top + ROW - tree.clientHeight;
  }

  function move(to) {
    if (!items.length) return;
    active = Math.min(items.length - 1, Math.max(0, to));
    const wide = !matchMedia("(max-width: 60rem)").matches;
    if (wide) pick(items[active], true);
    else {
      reveal();
      fill();
    }
  }

  function onKey(event) {
    const item = items[active];
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const group = item.host < 0;
    const open = group && state.open.has(item.block.number);
    const pageful = Math.max(1, Math.floor(tree.clientHeight / ROW) - 1);
    const acts = {
      ArrowDown: () => move(active + 1),
      ArrowUp: () => move(active - 1),
      PageDown: () => move(active + pageful),
      PageUp: () => move(active - pageful),
      Home: () => move(0),
      End: () => move(items.length - 1),
      ArrowRight: () => (group && !open ? turn(item.block) : move(active + (group ? 1 : 0))),
      ArrowLeft: () => {
        if (open) turn(item.block);
        else if (item.level === 2) move(items.findIndex((one) => one.block === item.block));
      },
      Enter: () => {
        pick(item, true);
        $("detail-title").focus();
      },
      " ": () => (group ? turn(item.block) : pick(item, true)),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  // ---- filters ----

  function filterBy(cause) {
    state.cause = cause;
    refresh();
    if (cause >= 0) {
      $("hosts").scrollIntoView();
      if (items.length) pick(items[0], false);
    }
  }

  function clear() {
    Object.assign(state, { query: "", outcome: "", role: -1, cause: -1 });
    if ($("search")) $("search").value = "";
    if ($("role")) $("role").value = "-1";
    refresh();
  }

  function addFilters() {
    for (const tile of document.querySelectorAll("div.outcome")) {
      const button = make("button", { type: "button", class: tile.className, "data-outcome": tile.dataset.outcome, "aria-pressed": "false" }, ...tile.childNodes);
      button.disabled = tile.classList.contains("none");
      button.addEventListener("click", () => {
        state.outcome = state.outcome === tile.dataset.outcome ? "" : tile.dataset.outcome;
        refresh();
      });
      tile.replaceWith(button);
    }
    const roles = $("role");
    roles.append(make("option", { value: "-1" }, "Every role"), ...page.roles.map((role) => make("option", { value: role.number }, role.words)));
    $("role-label").hidden = page.roles.length < 2;
    roles.addEventListener("change", () => {
      state.role = Number(roles.value);
      refresh();
    });
    let due = 0;
    $("search").addEventListener("input", (event) => {
      cancelAnimationFrame(due);
      due = requestAnimationFrame(() => {
        state.query = event.target.value;
        tree.scrollTop = 0;
        refresh();
      });
    });
    $("filters").addEventListener("submit", (event) => event.preventDefault());
    $("clear").addEventListener("click", clear);
    let filling = 0;
    tree.addEventListener("scroll", () => {
      cancelAnimationFrame(filling);
      filling = requestAnimationFrame(fill);
    });
    tree.addEventListener("keydown", onKey);
    new ResizeObserver(() => fill()).observe(tree);
    tree.append(sheet);
  }

  // ---- the address bar remembers the host, so that a link can be sent ----

  function remember(item) {
    const word = item.host < 0 ? `group=${item.block.id}` : `host=${encodeURIComponent(column.name[item.host])}`;
    try {
      history.replaceState(null, "", `#${word}`);
    } catch {
      // A page that was opened from a mail may have no address of its own.
    }
  }

  function recall() {
    const [kind, value] = location.hash.slice(1).split("=");
    if (kind === "host" && value) {
      let name = "";
      try {
        name = decodeURIComponent(value);
      } catch {
        return false;
      }
      const index = column.name.indexOf(name);
      if (index >= 0) {
        pickHost(index, true);
        return true;
      }
    }
    const block = kind === "group" && blocks.find((one) => one.id === value);
    if (!block) return false;
    pickBlock(block);
    return true;
  }

  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details.cause:not([open])")];
    for (const fold of unfolded) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of unfolded) fold.open = false;
  });
  addEventListener("hashchange", recall);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  addStrips();
  addCauseActions();
  if (tree) addFilters();
  refresh();
  if (!recall() && items.length) {
    // The worst findings come before hosts that nothing is known of.
    pick(items.find((item) => item.block.outcome === "findings") || items[0], total === 1);
  }
  if (tree && !location.hash) tree.scrollTop = 0;
})();
