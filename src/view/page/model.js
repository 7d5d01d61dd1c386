// What happened, from the events: executions with times in seconds, and what is rare as it was told.

import { marks, running, outcomes } from "./words.js";

const million = 1e6;

function jobsOf(data) {
  const columns = data.jobs;
  const texts = data.texts;
  const time = (value) => (value < 0 ? null : value / million);
  return columns.job.map((id, i) => {
    const mark = columns.mark[i];
    const assigned = time(columns.assigned[i]);
    const test = time(columns.test[i]);
    const end = time(columns.end[i]);
    const build = time(columns.build[i]);
    return {
      row: i, id, worker: columns.worker[i], attempt: columns.attempt[i], run: columns.run[i],
      workloads: columns.workloads[i], item: texts[columns.item[i]], subject: texts[columns.subject[i]],
      workload: texts[columns.workload[i]], word: texts[columns.word[i]], detail: texts[columns.detail[i]],
      cause: texts[columns.cause[i]], alike: texts[columns.alike[i]], assigned, build, test, end,
      begin: build ?? test ?? assigned, until: end ?? data.now,
      took: end === null ? data.now - (build ?? test ?? assigned) : columns.took[i] / million,
      expected: time(columns.expected[i]), mark: mark < 0 ? running : marks[mark], isResult: mark >= 0 && mark < 7,
      outcome: outcomes[columns.outcome[i]] ?? "", left: columns.left[i], log: columns.log[i],
      confidence: columns.confidence[i],
    };
  }).filter((job) => !columns.withdrawn?.[job.row]);
}

/** Of an earlier test, in the form of an execution. */
function knownVerdict(event) {
  const mark = marks.find((one) => one.word === event.mark) ?? marks[3];
  return { known: true, item: event.commit, subject: event.subject, word: event.verdict, mark, isResult: true,
    begin: event.time, end: event.time, until: event.time, took: 0, left: event.left, unixTime: event.unix_time };
}

export function understand(data) {
  const run = { ...data, jobs: jobsOf(data), started: {}, end: null, listed: null, history: null, notices: [],
    nodes: new Map(), known: [], past: new Map() };
  for (const event of data.events) {
    switch (event.event) {
      case "search-started": case "suite-started": run.started = event; break;
      case "search-ended": case "suite-ended": run.end = event; break;
      case "workloads-listed": run.listed = event; break;
      case "history": run.history = event; break;
      case "workloads-remembered": for (const one of event.workloads) run.past.set(one.workload, one); break;
      case "worker-ready": run.nodes.set(event.worker, event.node); break;
      case "verdict-known": run.known.push(knownVerdict(event)); break;
      case "notice": run.notices.push({ time: event.time, text: event.text }); break;
      case "worker-gone":
        if (!event.makes_room) {
          run.notices.push({ time: event.time, text: `worker ${event.worker} was lost: ${event.reason}` });
        }
        break;
      default:
    }
  }
  run.wall = run.end ? run.end.wall : run.now;
  return run;
}

// ---- a search

/** positions[i] = 1: the commit i is `position` or an ancestor of it. Parents stand before their children. */
function ancestorsOf(commits, position) {
  const reached = new Uint8Array(commits.length);
  reached[position] = 1;
  for (let i = position; i >= 0; i--) {
    if (!reached[i]) continue;
    for (const parent of commits[i].parents) if (parent < i) reached[parent] = 1;
  }
  return reached;
}

/** What is thought of each commit at any time, from verdicts alone, as src/view/picture/funnel.hpp does it. */
export class Belief {
  constructor(run) {
    this.commits = run.history?.commits ?? [];
    this.leftOut = run.history?.left_out ?? 0;
    this.positions = new Map(this.commits.map((commit, i) => [commit.commit, i]));
    this.verdicts = [...run.known, ...run.jobs].filter((job) => job.end !== null && job.isResult).sort((a, b) => a.end - b.end);
    this.noisy = run.jobs.some((job) => job.confidence > 0);
    this.falseFailures = run.end?.false_failures || 0.05;
    this.falsePasses = run.end?.false_passes || 0.05;
    this.reach = new Map();
  }

  ancestors(position) {
    if (!this.reach.has(position)) this.reach.set(position, ancestorsOf(this.commits, position));
    return this.reach.get(position);
  }

  begin() {
    return Float64Array.from(this.commits, (commit) => (commit.part === "candidate" ? 1 : 0));
  }

  take(weights, verdict, position) {
    const failed = verdict.mark.word === "failed";
    const reach = this.ancestors(position);
    const [bad, good] = this.noisy
      ? failed ? [1 - this.falsePasses, this.falseFailures] : [this.falsePasses, 1 - this.falseFailures]
      : failed ? [1, 0] : [0, 1];
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += weights[i] *= reach[i] ? bad : good;
    if (this.noisy && sum > 0) for (let i = 0; i < weights.length; i++) weights[i] /= sum;
    return sum;
  }

  /** Shares of one, by position; and how many are possible. */
  at(time) {
    let weights = this.begin();
    for (const verdict of this.verdicts) {
      if (verdict.end > time) break;
      const position = this.positions.get(verdict.item);
      const word = verdict.mark.word;
      if (position === undefined || (word !== "passed" && word !== "failed")) continue;
      if (this.take(weights, verdict, position) > 0 || this.noisy) continue;
      weights = this.begin();  // the search has begun anew
      if (verdict.left < weights.length) this.take(weights, verdict, position);
    }
    const sum = weights.reduce((total, weight) => total + weight, 0) || 1;
    const possible = weights.reduce((total, weight) => total + (weight / sum > 1e-6 ? 1 : 0), 0);
    return { shares: weights.map((weight) => weight / sum), possible };
  }

  /** The ranges of positions that are left, for drawing: [[first, last], ...]. */
  static stretches(shares) {
    const all = [];
    for (let i = 0; i < shares.length; i++) {
      if (shares[i] <= 1e-6) continue;
      if (all.length && all[all.length - 1][1] === i - 1) all[all.length - 1][1] = i;
      else all.push([i, i]);
    }
    return all;
  }
}

/** Lanes as `git log --graph` has them, the newest commit first: per row its lane, and the lines to the next row. */
export function lanesOf(commits) {
  let open = [];  // the commit that each lane waits for
  const rows = [];
  let width = 1;
  for (let i = commits.length - 1; i >= 0; i--) {
    let lane = open.indexOf(i);
    if (lane < 0) {
      lane = open.indexOf(null);
      if (lane < 0) lane = open.length;
      open[lane] = i;
    }
    const before = open.slice();
    const after = open.map((waits) => (waits === i ? null : waits));
    const parents = commits[i].parents.filter((parent) => parent < i);
    const lines = [];
    parents.forEach((parent, n) => {
      let to = after.indexOf(parent);
      if (to < 0) {
        to = n === 0 && after[lane] === null ? lane : after.indexOf(null);
        if (to < 0) to = after.length;
        after[to] = parent;
      }
      lines.push([lane, to]);
    });
    before.forEach((waits, from) => { if (waits !== null && waits !== i) lines.push([from, from]); });
    while (after.length && after[after.length - 1] === null) after.pop();
    rows.push({ position: i, lane, incoming: rows.at(-1)?.lines ?? [], lines });
    width = Math.max(width, before.length, after.length);
    open = after;
  }
  return { rows, width };
}

// ---- a suite

export function countsOf(run) {
  if (run.end) {
    const end = run.end;
    return { passed: end.passed, failed: end.failed, "timed-out": end.timed_out, flaky: end.flaky, lost: end.lost,
      cancelled: end.cancelled, "not run": end.not_run };
  }
  const counts = { passed: 0, failed: 0, "timed-out": 0, flaky: 0, lost: 0, cancelled: 0, "not run": 0 };
  let done = 0;
  for (const job of run.jobs) {
    if (!job.isResult || !job.workload || !(job.mark.word in counts)) continue;
    counts[job.mark.word] += job.workloads;
    done += job.workloads;
  }
  counts["not run"] = Math.max(0, (run.listed?.workloads ?? done) - done);
  return counts;
}

/** Executions that each began when the one before it had ended, the last of which ended last: what the makespan is made
 *  of. An execution waits for its worker, and a repeated one for the one that it repeats. */
export function criticalPath(jobs) {
  const done = jobs.filter((job) => job.end !== null && job.workload);
  if (done.length === 0) return [];
  const byWorker = new Map();
  const byWorkload = new Map();
  for (const job of done) {
    for (const [map, key] of [[byWorker, job.worker], [byWorkload, job.workload]]) {
      if (!map.has(key)) map.set(key, []);
      map.get(key).push(job);
    }
  }
  let last = done.reduce((latest, job) => (job.end > latest.end ? job : latest));
  const path = [last];
  const seen = new Set(path);
  for (;;) {
    const here = last;
    let before = null;
    for (const job of [...byWorker.get(here.worker), ...byWorkload.get(here.workload)]) {
      if (seen.has(job) || job.end > here.begin + 1e-6) continue;
      if (before === null || job.end > before.end) before = job;
    }
    if (before === null) break;
    path.unshift(before);
    seen.add(before);
    last = before;
  }
  return path;
}

function countResults(group) {
  return group.jobs.filter((job) => job.isResult).length;
}

/** An attempt whose workload failed in the same way for good is told with that result. */
function withoutAttempts(group) {
  const results = new Set(group.jobs.filter((job) => job.isResult).map((job) => job.workload));
  const attempts = new Map();
  const jobs = group.jobs.filter((job) => {
    if (job.isResult || !results.has(job.workload)) return true;
    attempts.set(job.workload, (attempts.get(job.workload) ?? 0) + 1);
    return false;
  });
  return { ...group, jobs, attemptsBefore: (job) => (job.isResult ? attempts.get(job.workload) ?? 0 : 0) };
}

export function failureGroups(jobs) {
  const groups = new Map();
  for (const job of jobs) {
    const failure = job.mark.word === "failed" || job.mark.word === "timed-out" ||
      ((job.mark.word === "retried" || job.mark.word === "flaky") && job.outcome !== "passed");
    if (!failure || !job.workload) continue;
    const late = job.outcome === "timed-out";  // what it said last is no reason
    const said = job.cause ? `timed out; its log ends: ${job.cause}` : "timed out; its log is empty";
    const key = late ? `late ${job.alike}` : job.alike || job.detail || job.mark.word;
    const line = job.cause || job.detail || job.mark.word;
    if (!groups.has(key)) groups.set(key, { line: late ? said : line, jobs: [] });
    groups.get(key).jobs.push(job);
  }
  return [...groups.values()].map(withoutAttempts).sort((a, b) => countResults(b) - countResults(a) || b.jobs.length - a.jobs.length);
}
