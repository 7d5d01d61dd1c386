// The page of a search: what was found and how sure that is; what happened when; what to do next.

import { make, draw, section, table, badge, command, shares } from "./dom.js";
import { duration, plural, percent, shortId, marks, dateOf } from "./words.js";
import { Belief, lanesOf } from "./model.js";
import { Rows } from "./rows.js";
import { gantt } from "./gantt.js";
import { funnel } from "./funnel.js";
import { logView } from "./logs.js";
import { address } from "./address.js";

const wordOf = (run, mark, otherwise) => [...run.known, ...run.jobs].find((job) => job.mark.word === mark && job.word)?.word ?? otherwise;

export function searchSentence(run) {
  const { end, started } = run;
  if (!end) {
    const left = run.jobs.filter((job) => job.isResult).at(-1)?.left ?? started.candidates;
    return `Searching: ${plural(left, "commit")} of ${started.candidates} may be the first ${wordOf(run, "failed", "bad")} one`;
  }
  const culprit = end.suspects?.[0];
  if (end.result === "found" && culprit) {
    return `${shortId(culprit.commit)} is the first ${wordOf(run, "failed", "bad")} commit: ${culprit.subject}`;
  }
  return end.message || `The search ended: ${end.result}`;
}

export function searchEffort(run) {
  const { end, started } = run;
  const tests = end ? end.tests : run.jobs.filter((job) => job.isResult).length;
  const spare = run.jobs.filter((job) => job.mark === marks[8]).length;
  const early = spare > 0 ? ` (and ${spare} ended early: nothing more to tell)` : "";
  let text = `${plural(tests, "test")}${early} among ${plural(started.candidates ?? 0, "candidate")}, ${plural(end?.workers ?? started.workers ?? 0, "worker")}, ${duration(run.wall)}.`;
  if (end?.serial_tests > 0) text += ` One after the other it would have been ${plural(end.serial_tests, "test")}.`;
  return text;
}

function certainty(run, belief) {
  const { end } = run;
  if (!end || end.result !== "found") return null;
  const culprit = end.suspects[0];
  if (end.confidence > 0) {
    return `How sure: ${percent(end.confidence)}. The test fails at ${percent(end.false_failures)} of the runs of a good commit, and passes at ${percent(end.false_passes)} of those of a bad one.`;
  }
  const bad = wordOf(run, "failed", "bad");
  const good = wordOf(run, "passed", "good");
  const of = (id, mark) => [...run.known, ...run.jobs].filter((job) => job.item === id && job.mark.word === mark).length;
  const own = of(culprit.commit, "failed");
  const position = belief.positions.get(culprit.commit);
  const parents = position === undefined ? [] : belief.commits[position].parents.map((parent) => belief.commits[parent].commit);
  const tested = parents.filter((parent) => of(parent, "passed") > 0).length;
  const self = own > 1 ? `It was tested ${own} times, and is ${bad} each time` : own === 1 ? `It was tested, and is ${bad}` : `It was not tested itself: all others are excluded`;
  const before = parents.length === 0 ? "" : tested === parents.length
    ? `; ${parents.length > 1 ? "its parents were" : "its parent was"} tested, too, and ${parents.length > 1 ? "are" : "is"} ${good}`
    : `; that its parent is ${good} follows from other verdicts or was given`;
  return `How sure: ${self}${before}. Every verdict was taken as certain; a test that fails now and then needs --flaky.`;
}

function diff(text) {
  const pre = make("pre", { class: "log", tabindex: "0", role: "region", "aria-label": "what the commit changes" });
  for (const line of text.split("\n")) {
    const look = line.startsWith("@@") ? "hunk" : /^(\+\+\+|---|diff |index )/.test(line) ? "file"
      : line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : null;
    pre.append(make("span", { class: look }, line), "\n");
  }
  return pre;
}

function culpritSection(run, belief) {
  const { end } = run;
  if (!end) return null;
  const parts = [];
  const sure = certainty(run, belief);
  if (sure) parts.push(make("p", {}, sure));
  if (end.answer) parts.push(make("pre", { class: "log", tabindex: "0", role: "region", "aria-label": "the answer" }, end.answer.trimEnd()));
  if (end.result !== "found" && end.suspects?.length) {
    parts.push(table("What it may be", ["commit", "subject", "#belief"],
      end.suspects.map((one) => [shortId(one.commit), one.subject, percent(one.share)])));
  }
  if (end.patch) {
    const long = end.patch.split("\n").length > 60;
    parts.push(make("details", { open: !long }, make("summary", {}, "What it changes"), diff(end.patch.trimEnd())));
  }
  const deciding = run.jobs.findLast((job) => job.mark.word === "failed" && job.item === end.suspects?.[0]?.commit && job.log >= 0);
  if (deciding) {
    const details = make("details", {}, make("summary", {}, "What its test said"));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(...[logView(run.logs, deciding.log, "log of the first bad commit")].flat());
    });
    parts.push(details);
  }
  return section("answer", end.result === "found" ? "The commit" : "The result", parts);
}

// ---- time

/** The moment that is looked at: a slider, and those who want to know. */
class Moment {
  constructor(run) {
    this.run = run;
    this.listeners = [];
    this.time = run.wall;
    this.slider = make("input", { type: "range", id: "moment", min: "0", max: "1000", step: "1", value: "1000",
      oninput: () => address.set({ at: this.slider.value === "1000" ? "" : this.slider.value }) });
    this.play = make("button", { type: "button", onclick: () => this.toggle() }, "play");
  }

  follow() {
    address.follow(() => {
      const value = address.get("at") === "" ? 1000 : Math.max(0, Math.min(1000, Number(address.get("at")) || 0));
      this.slider.value = String(value);
      this.time = value === 1000 ? this.run.wall : (value / 1000) * this.run.wall;
      this.slider.setAttribute("aria-valuetext", `after ${duration(this.time)}`);
      for (const listener of this.listeners) listener(this.time);
    });
  }

  toggle() {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = null;
      this.play.textContent = "play";
      delete document.documentElement.dataset.playing;
      return;
    }
    this.play.textContent = "stop";
    document.documentElement.dataset.playing = "yes";
    let value = Number(this.slider.value) === 1000 ? 0 : Number(this.slider.value);
    this.timer = setInterval(() => {
      value = Math.min(1000, value + 10);
      address.set({ at: value === 1000 ? "" : value });
      if (value === 1000) this.toggle();
    }, 80);
  }
}

function momentText(run, belief, time) {
  const { possible } = belief.at(time);
  const done = run.jobs.filter((job) => job.isResult && job.end <= time).length;
  const now = run.jobs.filter((job) => job.begin <= time && (job.end === null || job.end > time));
  const left = belief.commits.length ? `${plural(possible, "commit")} may be it, ` : "";
  return `After ${duration(time)}: ${left}${plural(done, "test")} done, ${now.length} running${now.length ? ` (${now.slice(0, 6).map((job) => shortId(job.item)).join(", ")}${now.length > 6 ? ", …" : ""})` : ""}.`;
}

function courseSection(run, belief, panel, moment) {
  const text = make("output", { class: "moment", for: "moment" });
  const parts = [];
  if (belief.commits.length > 0) {
    const drawing = funnel(run, belief, { open: (job) => panel.open(job), now: () => moment.time });
    moment.listeners.push(drawing.repaint);
    parts.push(drawing.element);
    parts.push(make("p", { class: "key" }, badge({ ...marks[0], sign: "●" }, wordOf(run, "passed", "good")), badge(marks[1], wordOf(run, "failed", "bad")),
      run.jobs.some((job) => job.mark === marks[3]) ? badge({ ...marks[3], sign: "■" }, "gives no verdict") : null,
      run.jobs.some((job) => job.mark === marks[8]) ? badge({ ...marks[8], sign: "┃" }, "ended early: it could tell nothing any more") : null,
      make("span", {}, "up: newer"), belief.noisy ? null : make("span", { class: "key-shade" }, "may still be it")));
  } else if (belief.leftOut > 0) {
    parts.push(make("p", { class: "soft" }, `The history of ${plural(belief.leftOut, "commit")} is too long to be drawn.`));
  }
  moment.listeners.push((time) => { text.textContent = momentText(run, belief, time); });
  parts.push(make("p", { class: "scrub" }, make("label", { for: "moment" }, "Moment"), moment.slider, moment.play), text);
  return section("course", "How the search went", parts);
}

// ---- history

const laneWidth = 14;
const rowHeight = 26;

function laneCell(row, width, look) {
  const x = (lane) => lane * laneWidth + 9;
  const half = rowHeight / 2;
  const shown = Math.min(width, 14);
  const lines = [
    ...row.incoming.map(([from, to]) => [(x(from) + x(to)) / 2, 0, x(to), half]),
    ...row.lines.map(([from, to]) => [x(from), half, (x(from) + x(to)) / 2, rowHeight]),
  ].map(([x1, y1, x2, y2]) => draw("line", { x1, y1, x2, y2 }));
  return draw("svg", { class: "lane", width: shown * laneWidth + 6, height: rowHeight, "aria-hidden": "true" },
    lines, draw("circle", { class: look, cx: x(row.lane), cy: half, r: look === "out" ? 3 : 5 }));
}

function historySection(run, belief, panel, moment) {
  if (belief.commits.length === 0) return null;
  const { rows: all, width } = lanesOf(belief.commits);
  let state = { shares: [], tests: new Map(), top: 1 };
  const look = (position) => state.tests.get(position)?.mark.look ?? (state.shares[position] > 1e-6 ? "in" : "out");
  const list = new Rows({
    label: "commits, the newest first", name: "commit", height: rowHeight,
    columns: [{ title: make("span", { class: width > 3 ? null : "unseen" }, "history"), class: "lanes" }, { title: "commit", class: "id" }, { title: "verdict", class: "verdict" },
      { title: "belief", class: "belief" }, { title: "subject", class: "wide-cell" }],
    cells: (row) => {
      const commit = belief.commits[row.position];
      const share = state.shares[row.position];
      const test = state.tests.get(row.position);
      const bar = make("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${Math.round((share / state.top) * 40)}px`;
      return [laneCell(row, width, look(row.position)), shortId(commit.commit),
        test ? badge(test.mark, test.word || test.mark.word) : commit.part === "good-end" ? "given" : "",
        share > 1e-6 ? [bar, ` ${percent(share)}`] : "", make("span", { title: commit.subject }, commit.subject)];
    },
    open: (row) => {
      const test = run.jobs.findLast((job) => job.item === belief.commits[row.position].commit);
      if (test) panel.open(test);
    },
  });
  list.grid.style.setProperty("--lanes", `${Math.min(width, 14) * laneWidth + 6}px`);
  const choice = make("select", { id: "which", onchange: () => address.set({ commits: choice.value === "all" ? "" : choice.value }) },
    [["all", "all"], ["possible", "that may be it"], ["tested", "that were tested"]].map(([value, text]) => make("option", { value }, text)));
  const count = make("span", { class: "soft", role: "status" });
  const show = () => {
    const chosen = choice.value;
    const items = all.filter((row) => chosen === "all" || (chosen === "possible" ? state.shares[row.position] > 1e-6 : state.tests.has(row.position)));
    count.textContent = plural(items.length, "commit");
    list.show(items);
  };
  moment.listeners.push((time) => {
    const { shares: now } = belief.at(time);
    const tests = new Map();
    for (const job of [...run.known, ...run.jobs]) {
      if (job.begin > time || !belief.positions.has(job.item)) continue;
      const done = job.end !== null && job.end <= time;
      if (done && !job.isResult) continue;
      tests.set(belief.positions.get(job.item), done ? job : { ...job, mark: { word: "running", sign: "▶", look: "run" }, word: "running" });
    }
    state = { shares: now, tests, top: now.reduce((most, share) => Math.max(most, share), 1e-9) };
    show();
  });
  address.follow(() => { choice.value = address.get("commits") || "all"; show(); });
  const culprit = belief.positions.get(run.end?.suspects?.[0]?.commit);
  if (culprit !== undefined) {
    requestAnimationFrame(() => { list.grid.scrollTop = Math.max(0, (all.length - 1 - culprit) * rowHeight - 120); });
  }
  return section("history", "The history at the moment chosen above",
    belief.noisy ? make("p", { class: "soft" }, "The shares are reckoned here, from the verdicts and how often the test is wrong as it was known in the end; the search itself weighed more.") : null,
    make("p", { class: "tools" }, make("label", { for: "which" }, "Commits "), choice, count), list.grid);
}

// ---- tests

function testsSection(run, panel) {
  const results = [...run.known, ...run.jobs].filter((job) => job.isResult).sort((a, b) => a.end - b.end);
  let before = run.started.candidates ?? 0;
  const rows = results.map((job) => {
    const share = before > 0 ? percent(job.left / before) : "";
    before = job.left;
    const name = job.known ? shortId(job.item) : make("button", { type: "button", class: "link", onclick: () => panel.open(job) }, shortId(job.item));
    return [duration(job.end), name, job.subject, badge(job.mark, job.word),
      job.known ? `known since ${dateOf(job.unixTime)}` : duration(job.took), String(job.left), share];
  });
  return section("tests", "The verdicts, and how the candidates shrank",
    table("Verdicts in the order in which they came", ["after", "commit", "subject", "verdict", "#took", "#left", "#of before"], rows));
}

function workSection(run, panel, moment) {
  const line = gantt(run, { open: (job) => panel.open(job), now: () => moment.time });
  moment.listeners.push(line.repaint);
  const busy = run.jobs.reduce((sum, job) => sum + (job.until - job.begin), 0);
  const useful = run.jobs.filter((job) => job.isResult).reduce((sum, job) => sum + (job.until - job.begin), 0);
  const whole = Math.max((run.end?.workers ?? run.started.workers ?? 1) * run.wall, busy, 1e-9);
  const parts = [
    { label: "tests with a verdict", value: useful, look: "good" },
    { label: "tests that were ended early or repeated", value: busy - useful, look: "dim" },
    { label: "between tests (work trees, waiting, start and end)", value: whole - busy, look: "line" },
  ].map((part) => ({ ...part, text: `${duration(part.value)} (${percent(part.value / whole)})` }));
  return section("work", "What ran where", line.element, make("h3", {}, "Where the time of the workers went"),
    shares("time of the workers", parts), make("ul", { class: "key" }, parts.map((part) =>
      make("li", {}, make("span", { class: `dot ${part.look}` }), `${part.label}: ${part.text}`))));
}

// ---- what next

function searchNext(run) {
  const { end, started } = run;
  const commands = [];
  const culprit = end?.suspects?.[0]?.commit;
  const tests = started.tests ? ` -- ${started.tests}` : "";
  if (end?.result === "found" && culprit) {
    commands.push(["Look at the commit", `git show ${culprit}`]);
    commands.push(["Test it once more", `nmzbisect test ${culprit}${tests}`]);
  }
  if (end && started.log_directory) {
    commands.push(["Go on with git, with these verdicts", `git bisect replay ${quoted(`${started.log_directory}/bisect.log`)}`]);
  }
  if (started.command) commands.push(["Search again", started.command]);
  if (started.log_directory) commands.push(["Show this run again", `nmzbisect show ${quoted(started.log_directory)}`]);
  return commands.length === 0 ? null : section("next", "What next",
    make("p", { class: "soft" }, "In the repository:"), commands.map(([what, text]) => command(what, text)));
}

export const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

export function searchPage(run, panel) {
  const belief = new Belief(run);
  const moment = new Moment(run);
  const parts = [culpritSection(run, belief), courseSection(run, belief, panel, moment), searchNext(run),
    historySection(run, belief, panel, moment), testsSection(run, panel), workSection(run, panel, moment)];
  return { parts, begin: () => moment.follow() };
}
