// The page of a suite: what failed and why, what took the time, which workloads are flaky, and all executions.

import { make, draw, section, table, badge, command, shares } from "./dom.js";
import { duration, plural, percent, marks, running } from "./words.js";
import { countsOf, criticalPath, failureGroups } from "./model.js";
import { quoted } from "./search.js";
import { Rows } from "./rows.js";
import { gantt } from "./gantt.js";
import { address } from "./address.js";

const looks = { passed: "good", failed: "bad", "timed-out": "bad", flaky: "odd", lost: "odd", cancelled: "dim", "not run": "line" };

export function suiteSentence(run) {
  const counts = countsOf(run);
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const failed = counts.failed + counts["timed-out"];
  const flaky = counts.flaky ? `, ${counts.flaky} ${counts.flaky === 1 ? "is" : "are"} flaky` : "";
  if (!run.end) {
    return `Running: ${all - counts["not run"]} of ${plural(all, "workload")} have a result${failed ? `, ${failed} failed so far` : ""}`;
  }
  if (all === 0) return run.end.message || `The run ended: ${run.end.result}`;
  if (run.end.result === "interrupted") return `Interrupted: ${failed} of ${plural(all, "workload")} failed, ${counts["not run"] + counts.cancelled} have no result`;
  if (failed === 0 && counts.passed === all) return all === 1 ? "The workload passed" : `All ${plural(all, "workload")} passed`;
  if (failed === 0) return `No workload of ${all} failed${flaky}${counts.lost + counts["not run"] + counts.cancelled > 0 ? `, ${counts.lost + counts["not run"] + counts.cancelled} have no result` : ""}`;
  return `${failed} of ${plural(all, "workload")} failed${counts["timed-out"] ? ` (${counts["timed-out"]} of them by time)` : ""}${flaky}`;
}

export function suiteEffort(run) {
  const workers = run.end?.workers ?? run.started.workers ?? 0;
  let text = `${plural(run.jobs.filter((job) => job.workload).length, "execution")} on ${plural(workers, "worker")} in ${duration(run.wall)}.`;
  if (run.end?.bound > 0) {
    const again = run.end.time_split?.retries > 0 ? " (without what was run again)" : "";
    text += ` On ${plural(workers, "worker")} the results take at least ${duration(run.end.bound)}${again}; from the first start to the last end it was ${duration(run.end.makespan)}.`;
  }
  return text;
}

/** How a workload did in earlier runs and in this one, a bar each: its height is how long it took, and a failure has a
 *  cross on it as well as its colour. */
function spark(run, job) {
  const past = run.past.get(job.workload);
  if (!past) return make("span", { class: "soft" }, "new");
  const runs = past.took.map((took, i) => ({ took, look: past.failed.includes(i) ? "bad" : "good" }));
  if (job.end !== null && job.isResult) runs.push({ took: job.took, look: job.mark.look, own: true });
  const most = Math.max(...runs.map((one) => one.took), 1e-9);
  const [wide, tall] = [7, 20];
  const text = `${plural(past.took.length, "earlier run")}: ${duration(Math.min(...past.took))} to ${duration(Math.max(...past.took))}, ${past.failed.length} failed`;
  return draw("svg", { class: "spark", role: "img", width: runs.length * wide + 4, height: tall, "aria-label": text },
    draw("title", {}, text), runs.map((one, i) => {
      const height = Math.max(2, (one.took / most) * (tall - 5));
      const x = i * wide + (one.own ? 5 : 1);
      return [draw("rect", { class: one.look, x, y: tall - height, width: wide - 2, height }),
        one.look === "bad" ? draw("path", { d: `M${x} 0l4 4m-4 0l4 -4` }) : null];
    }));
}

function outcomeSection(run) {
  const counts = countsOf(run);
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
    .map(([label, value]) => ({ label, value, look: looks[label], text: String(value) }));
  return section("outcome", "The result", shares("workloads", parts), make("p", { class: "key" }, parts.map((part) => {
    const mark = marks.find((one) => one.word === part.label) ?? { word: part.label, sign: "·", look: "dim" };
    return make("button", { type: "button", class: "link", onclick: () => choose(part.label) }, badge(mark), ` ${part.value}`);
  })));
}

function choose(word) {
  address.set({ q: `is:${word.replace(" ", "-")}` });
  document.getElementById("all").scrollIntoView();
}

/** What the colours of the timeline are. */
function looksKey(run) {
  const seen = new Map();
  for (const job of run.jobs) {
    if (!job.workload) continue;
    if (!seen.has(job.mark.look)) seen.set(job.mark.look, new Set());
    seen.get(job.mark.look).add(job.mark.word);
  }
  return make("ul", { class: "key" }, [...seen].map(([look, words]) => make("li", {}, make("span", { class: `dot ${look}` }), [...words].join(", "))));
}

/** Which workloads took the most time, all their executions together. */
function longestOf(run, panel) {
  const all = new Map();
  let total = 0;
  for (const job of run.jobs) {
    if (!job.workload || job.end === null) continue;
    const one = all.get(job.workload) ?? { took: 0, times: 0, job };
    one.took += job.took;
    one.times += 1;
    one.job = job;
    total += job.took;
    all.set(job.workload, one);
  }
  const most = [...all.values()].sort((a, b) => b.took - a.took).slice(0, 3).filter((one) => one.took > total / 20);
  if (all.size < 2 || most.length === 0) return null;
  return make("p", {}, `Of ${duration(total)} that all executions took: `, most.map((one, i) => [i ? ", " : "",
    make("button", { type: "button", class: "link", onclick: () => panel.open(one.job) }, one.job.item),
    ` ${duration(one.took)} (${percent(one.took / total)}${one.times > 1 ? `, ${one.times} times` : ""})`]), ".");
}

function timeSection(run, panel) {
  const path = criticalPath(run.jobs);
  const line = gantt(run, { jobs: run.jobs.filter((job) => job.workload), path, open: (job) => panel.open(job) });
  const parts = [line.element, looksKey(run), longestOf(run, panel)];
  if (path.length > 0) {
    const shown = path.length > 12 ? 5 : 12;
    const order = path.length > shown ? [...path].sort((a, b) => b.took - a.took) : path;
    parts.push(make("p", {}, make("span", { class: "dot mark" }), ` The end of the run waited for ${plural(path.length, "execution")} one after the other${path.length > shown ? ", the longest first" : ""}: `,
      order.slice(0, shown).map((job, i) => [i ? ", " : "", make("button", { type: "button", class: "link", onclick: () => panel.open(job) }, job.item), ` ${duration(job.took)}`]),
      path.length > shown ? `, and ${path.length - shown} more` : "", "."));
  }
  const split = run.end?.time_split;
  const total = split ? Object.values(split).reduce((sum, value) => sum + value, 0) : 0;
  if (total > 0) {
    const rows = [["work", "work: executions that count", "good"], ["retries", "executions that do not count: run again, cancelled", "dim"],
      ["dispatch", "handing out and fetching results", "run"], ["start_up", "until workers were ready", "mark"],
      ["imbalance", "idle while the last workloads ran", "line"], ["idle", "idle otherwise", "line"]]
      .map(([name, label, look]) => ({ label, look, value: split[name], text: `${duration(split[name])} (${percent(split[name] / total)})` }))
      .filter((row) => row.value > 0);
    parts.push(make("h3", {}, `Where ${plural(run.end.workers, "worker")} × ${duration(run.wall)} went: efficiency ${percent(split.work / total)}`),
      shares("time of the workers", rows), make("ul", { class: "key" }, rows.map((row) =>
        make("li", {}, make("span", { class: `dot ${row.look}` }), `${row.label}: ${row.text}`))));
  }
  return section("time", "What took the time", parts);
}

function failureSection(run, panel) {
  const groups = failureGroups(run.jobs);
  if (groups.length === 0) return null;
  const shown = 50;
  return section("failures", "Failures, grouped by what they say", groups.slice(0, 100).map((group, i) =>
    make("details", { open: i < 3 && group.jobs.length <= 20 },
      make("summary", {}, make("strong", {}, `${group.jobs.length}×`), " ", make("code", {}, group.line)),
      make("ul", { class: "plain" }, group.jobs.slice(0, shown).map((job) => make("li", {}, badge(job.mark), " ",
        make("button", { type: "button", class: "link", onclick: () => panel.open(job) }, job.item),
        make("span", { class: "soft" }, ` ${job.detail}, ${duration(job.took)}, worker ${job.worker}${group.attemptsBefore(job) ? `; so did ${plural(group.attemptsBefore(job), "attempt")} before` : ""}`))),
      group.jobs.length > shown ? make("li", {}, `... and ${group.jobs.length - shown} more`) : null))),
  groups.length > 100 ? make("p", {}, `... and ${groups.length - 100} more groups`) : null);
}

function interval(low, high) {
  const bar = make("span", { class: "interval", role: "img", "aria-label": `between ${percent(low)} and ${percent(high)}` });
  const inner = make("span", {});
  inner.style.marginLeft = `${low * 100}px`;
  inner.style.width = `${Math.max(2, (high - low) * 100)}px`;
  bar.append(inner);
  return bar;
}

function flakySection(run, panel) {
  const hunted = run.end?.hunted ?? [];
  if (hunted.length > 0) {
    const rows = [...hunted].sort((a, b) => b.failures / (b.runs || 1) - a.failures / (a.runs || 1)).slice(0, 500).map((one) => [
      one.name, `${one.failures} of ${one.runs}`, percent(one.runs ? one.failures / one.runs : 0),
      [interval(one.low, one.high), ` ${percent(one.low)} to ${percent(one.high)}`],
      one.groups.map((group) => make("div", {}, make("code", {}, group.line), ` (${group.runs.length}×)`)),
    ]);
    const first = hunted.find((one) => one.groups.length > 0)?.groups[0];
    return section("flaky", "How often they fail",
      table("Failure rates", ["workload", "#failures", "#rate", "95 % interval", "how"], rows),
      first?.command ? command("Repeat a failure", first.command) : null);
  }
  const flaky = run.jobs.filter((job) => job.mark.word === "flaky");
  if (flaky.length === 0) return null;
  return section("flaky", "Flaky: passed after having failed", table("Flaky workloads",
    ["workload", "attempts", ...(run.past.size ? ["earlier runs, and this one"] : []), "what the failure said"],
    flaky.slice(0, 500).map((job) => {
      const tries = run.jobs.filter((one) => one.workload === job.workload).sort((a, b) => a.begin - b.begin);
      const failure = tries.find((one) => one.outcome !== "passed");
      return [make("button", { type: "button", class: "link", onclick: () => panel.open(failure ?? job) }, job.item),
        tries.map((one) => [badge(one.mark), " "]), ...(run.past.size ? [spark(run, job)] : []), failure?.cause || failure?.detail || ""];
    })));
}

const kinds = { genuine: "bad", flaky: "odd", contention: "odd", "time-limit": "odd", "order-dependent": "odd", undecided: "dim" };

function kindSection(run) {
  const tests = run.end?.classified ?? [];
  if (tests.length === 0) return null;
  return section("kinds", "Why they failed", table("Kinds of failures", ["workload", "kind", "in which setting", "#failures", "95 % interval"],
    tests.slice(0, 500).flatMap((one) => (one.settings.length > 0 ? one.settings : [null]).map((tried, i) => [
      i === 0 ? one.name : "",
      i === 0 ? [badge({ word: one.kind, sign: one.kind === "genuine" ? "✗" : "≈", look: kinds[one.kind] ?? "dim" }),
        make("div", { class: "soft" }, `${one.why}; ${plural(one.runs, "repetition")} on ${plural(one.workers, "worker")}, ${percent(one.confidence)} sure`)] : "",
      tried ? tried.setting : "", tried ? `${tried.failures} of ${tried.runs}${tried.too_late ? ` (${tried.too_late} too late)` : ""}` : "",
      tried ? [interval(tried.low, tried.high), ` ${percent(tried.low)} to ${percent(tried.high)}`] : ""]))));
}

function slowestSection(run, panel) {
  const results = new Map(run.jobs.filter((job) => job.workload && job.isResult).map((job) => [job.workload, job]));
  const seen = new Set();
  const slow = run.jobs.filter((job) => job.workload && job.end !== null).sort((a, b) => b.took - a.took)
    .filter((job) => !seen.has(job.workload) && seen.add(job.workload)).slice(0, 10);
  const result = (job) => results.get(job.workload) ?? job;  // the slowest may be an attempt before it
  if (slow.length < 2) return null;
  const known = slow.some((job) => job.expected);
  return section("slowest", "The slowest", table("The slowest executions", ["workload", "result", "#took", ...(known ? ["#expected"] : []), ...(run.past.size ? ["earlier runs, and this one"] : [])],
    slow.map((job) => [make("button", { type: "button", class: "link", onclick: () => panel.open(job) }, job.item), badge(result(job).mark),
      duration(job.took), ...(known ? [job.expected ? duration(job.expected) : ""] : []), ...(run.past.size ? [spark(run, result(job))] : [])])));
}

// ---- all of them

/** Words that have to be in the name, the cause or the detail; is:failed, worker:3, node:a, slower:2.5 */
export function filterOf(text) {
  const tests = text.trim().toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    const [name, value] = [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)];
    switch (name) {
      case "is": return (job) => job.mark.word === value || (value === "bad" && job.mark.look === "bad");
      case "worker": return (job) => String(job.worker) === value;
      case "node": return (job, run) => (run.nodes.get(job.worker) ?? "").toLowerCase().includes(value);
      case "slower": return (job) => job.took > Number.parseFloat(value);
      default: return (job) => `${job.item}\n${job.cause}\n${job.detail}`.toLowerCase().includes(word);
    }
  });
  return (job, run) => tests.every((test) => test(job, run));
}

const keys = {
  begin: (job) => job.begin, item: (job) => job.item, took: (job) => job.took, worker: (job) => job.worker,
  result: (job) => (job.mark === running ? -1 : marks.indexOf(job.mark)),
};

function allSection(run, panel) {
  const sortBy = (name) => address.set({ sort: address.get("sort") === name ? `-${name}` : name === "begin" ? "" : name });
  const list = new Rows({
    label: "executions", name: "job", height: 30, sorted: sortBy,
    columns: [{ title: "began", class: "time", sort: "begin" }, { title: "result", class: "verdict", sort: "result" },
      { title: "workload", class: "wide-cell", sort: "item" }, { title: "took", class: "time", sort: "took" },
      { title: "worker", class: "worker", sort: "worker" }, ...(run.past.size ? [{ title: "earlier", class: "past" }] : []),
      { title: "detail", class: "detail" }],
    cells: (job) => [duration(job.begin), badge(job.mark), make("span", { title: job.item }, job.item + (job.run > 1 ? ` (${job.run})` : "")), duration(job.took),
      `${job.worker} ${run.nodes.get(job.worker) ?? ""}`, ...(run.past.size ? [spark(run, job)] : []), make("span", { title: job.cause || job.detail }, job.cause || job.detail)],
    open: (job) => panel.open(job),
  });
  const box = make("input", { type: "search", id: "filter", placeholder: "name, or is:failed worker:1 node:… slower:2", spellcheck: "false", autocomplete: "off",
    oninput: () => address.set({ q: box.value }) });
  const count = make("span", { class: "soft", role: "status" });
  const jobs = run.jobs.filter((job) => job.workload);
  let last = null;
  address.follow(() => {
    const [q, sort] = [address.get("q"), address.get("sort") || "begin"];
    if (last === `${q}\n${sort}`) return;
    last = `${q}\n${sort}`;
    if (box.value !== q) box.value = q;
    const wanted = filterOf(q);
    const key = keys[sort.replace(/^-/, "")] ?? keys.begin;
    const sign = sort.startsWith("-") ? -1 : 1;
    const items = jobs.filter((job) => wanted(job, run)).sort((a, b) => (key(a) < key(b) ? -sign : key(a) > key(b) ? sign : a.row - b.row));
    count.textContent = `${items.length.toLocaleString("en")} of ${plural(jobs.length, "execution")}`;
    list.show(items, sort);
  });
  return section("all", "All executions", make("p", { class: "tools" }, make("label", { for: "filter" }, "Filter "), box, count),
    run.past.size ? make("p", { class: "soft" }, "Earlier runs are a bar each, as high as it took long, with a cross where it failed; this run is the one apart.") : null, list.grid);
}

function suiteNext(run) {
  const { end, started } = run;
  const commands = [];
  const counts = countsOf(run);
  const base = started.command;
  const again = (how) => {
    const at = base.indexOf(" -- ");
    return at < 0 ? `${base} --rerun ${how}` : `${base.slice(0, at)} --rerun ${how}${base.slice(at)}`;
  };
  if (base && end && counts.failed + counts["timed-out"] > 0 && !run.listed?.repeated) commands.push(["Run what failed once more", again("failed")]);
  if (base && (!end || counts["not run"] + counts.cancelled + counts.lost > 0)) commands.push(["Go on with what has no result", again("unfinished")]);
  if (base) commands.push(["Run all of it again", base]);
  if (started.log_directory) commands.push(["Show this run again", `nmzswarm show ${quoted(started.log_directory)}`]);
  return commands.length === 0 ? null : section("next", "What next", commands.map(([what, text]) => command(what, text)));
}

export function suitePage(run, panel) {
  return {
    parts: [outcomeSection(run), failureSection(run, panel), kindSection(run), flakySection(run, panel), timeSection(run, panel),
      slowestSection(run, panel), suiteNext(run), allSection(run, panel)],
    begin: () => {},
  };
}
