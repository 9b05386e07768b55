"use strict";
// What the page knows: hosts in columns, everything that they share in tables, by number.

const page = (() => {
  const raw = JSON.parse(document.getElementById("data").textContent);
  const { text, findings, waived, verdicts, rows, keys, gauges, failures } = raw;
  const column = raw.hosts;
  const total = column.name.length;

  // Hosts of a block lie side by side, so that a block is its first host and how many there are.
  let next = 0;
  const blocks = raw.blocks.map(([id, outcome, count, title, verdict, command], number) => {
    const block = { number, id, outcome, count, title, verdict, command, first: next };
    next += count;
    return block;
  });
  const blockOf = new Int32Array(total);
  for (const block of blocks) blockOf.fill(block.number, block.first, block.first + block.count);

  const causes = raw.causes.map(([id, finding, count, members, apart], number) => {
    return { number, id, finding: toFinding(finding), count, blocks: members, apart: !!apart };
  });

  const SEVERITIES = ["", "note", "warning", "error"];

  function toFinding(number) {
    const [rule, severity, key, message, live, wanted, boot, where, confidence, parts, standing] = findings[number];
    return { rule, severity, key, message, live, wanted, boot, where, confidence, standing, parts: parts.map(toFinding) };
  }

  function toVerdict(number) {
    if (number < 0) return { findings: [], waived: [], unjudged: [], known: [] };
    const [found, kept, unjudged, known] = verdicts[number];
    return {
      findings: found.map(toFinding),
      known: known.map(toFinding),
      waived: kept.map((index) => {
        const [finding, reason, owner, until] = waived[index];
        return { finding: toFinding(finding), reason, owner, until };
      }),
      unjudged,
    };
  }

  function toKey(number) {
    const [key, state, wanted, live, boot, standard, where, note, missing] = rows[number];
    return { key, state, wanted, live, missing: !!missing, boot, standard, where, note };
  }

  function toGauges(number) {
    if (number < 0) return null;
    const [usable, destinations, timeWait, limit, seconds, conntrack] = gauges[number];
    return {
      usable,
      destinations: destinations.map(([local, remote, port, used, waiting]) => {
        return { local, remote, port, used, waiting };
      }),
      timeWait,
      limit,
      seconds,
      conntrack,
    };
  }

  function host(index) {
    const failure = column.failure[index];
    return {
      index,
      name: column.name[index],
      roles: text[column.roles[index]],
      groups: text[column.groups[index]],
      kernel: text[column.kernel[index]],
      os: text[column.os[index]],
      block: blocks[blockOf[index]],
      verdict: toVerdict(column.verdict[index]),
      keys: column.keys[index] < 0 ? [] : keys[column.keys[index]].map(toKey),
      gauges: toGauges(column.gauges[index]),
      failure: failure < 0 ? null : failures[failure],
    };
  }

  // How many findings of each severity a block has, the worst first.
  function tally(block) {
    const counts = [];
    for (const severity of [3, 2, 1]) {
      const number =
        block.verdict < 0
          ? 0
          : verdicts[block.verdict][0].filter((index) => findings[index][1] === severity).length;
      if (number) counts.push([SEVERITIES[severity], number]);
    }
    if (block.verdict >= 0 && verdicts[block.verdict][2].length)
      counts.push(["unjudged", verdicts[block.verdict][2].length]);
    if (block.outcome === "unjudged" && block.verdict < 0) counts.push(["unjudged", 0]);
    if (block.outcome === "unreachable") counts.push(["unreachable", 0]);
    if (block.outcome === "clean") counts.push(["clean", 0]);
    return counts;
  }

  // What a search looks through: made once for everything that hosts share.
  const spoken = new Map();
  function words(kind, number, make) {
    const name = kind + number;
    let found = spoken.get(name);
    if (found === undefined) {
      found = make().toLowerCase();
      spoken.set(name, found);
    }
    return found;
  }
  function ofVerdict(number) {
    if (number < 0) return "";
    const verdict = toVerdict(number);
    const all = [...verdict.findings, ...verdict.known, ...verdict.waived.map((one) => one.finding)];
    return [
      ...all.flatMap((it) => [it, ...it.parts]).map((it) => [SEVERITIES[it.severity], it.rule, it.key, it.where, it.message].join(" ")),
      ...verdict.waived.map((one) => `waived ${one.owner} ${one.reason}`),
      ...verdict.known.map((it) => `known ${it.rule}`),
      ...verdict.unjudged.map(([rule, reason]) => `unjudged ${rule} ${reason}`),
    ].join("\n");
  }
  function ofKeys(number) {
    if (number < 0) return "";
    return keys[number]
      .map(toKey)
      .filter((row) => row.state !== "compliant")
      .map((row) => [row.key, row.state, row.where].join(" "))
      .join("\n");
  }
  function matches(index, tokens) {
    const parts = [
      column.name[index].toLowerCase(),
      words("t", column.roles[index], () => text[column.roles[index]]),
      words("t", column.groups[index], () => text[column.groups[index]]),
      words("t", column.kernel[index], () => text[column.kernel[index]]),
      words("t", column.os[index], () => text[column.os[index]]),
      words("v", column.verdict[index], () => ofVerdict(column.verdict[index])),
      words("k", column.keys[index], () => ofKeys(column.keys[index])),
      words("f", column.failure[index], () => (failures[column.failure[index]] || []).join(" ")),
      blocks[blockOf[index]].outcome,
      blocks[blockOf[index]].id,
    ];
    return tokens.every((token) => parts.some((part) => part.includes(token)));
  }

  // The hosts that are left by a filter, as one flag for each.
  function select({ query, outcome, role, cause }) {
    const tokens = query.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = new Uint8Array(total);
    const members = cause < 0 ? null : new Set(causes[cause].blocks);
    let count = 0;
    for (const block of blocks) {
      if (outcome && block.outcome !== outcome) continue;
      if (members && !members.has(block.number)) continue;
      for (let index = block.first; index < block.first + block.count; index++) {
        if (role >= 0 && column.roles[index] !== role) continue;
        if (tokens.length && !matches(index, tokens)) continue;
        chosen[index] = 1;
        count++;
      }
    }
    return { chosen, count };
  }

  const roles = [...new Set(column.roles)]
    .map((number) => ({ number, words: text[number] }))
    .filter((role) => role.words)
    .sort((a, b) => (a.words < b.words ? -1 : 1));

  // An element with text; nothing here ever reads text as HTML.
  function make(tag, options = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
    }
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  }

  // A setting or a path that a line may break after its dots, slashes and underscores.
  function breaks(text) {
    return String(text).split(/(?<=[._/])(?=.)/).flatMap((piece, at) => (at ? [make("wbr"), piece] : [piece]));
  }

  function mark(kind) {
    return make("i", { class: `mark ${kind}`, "aria-hidden": "true" });
  }

  const number = new Intl.NumberFormat("en-US");
  function plural(count, noun) {
    return `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;
  }

  return {
    total, column, blocks, blockOf, causes, roles, rules: raw.rules, SEVERITIES,
    host, toVerdict, tally, select, make, breaks, mark, plural, format: (count) => number.format(count),
  };
})();
