// Recordings as the programs write them, of runs that are too large or too odd to be had otherwise:
//   node make_runs.mjs DIRECTORY    makes large/, hostile-search/ and hostile-suite/ in it
import fs from "node:fs";
import path from "node:path";

const root = process.argv[2];

// A generator of its own, so that every run of the test has the same.
let state = 12345;
function random(below) {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

function writeRun(name, events) {
  const directory = path.join(root, name);
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, "events.jsonl"), events(directory).map((event) => `${JSON.stringify(event)}\n`).join(""));
}

const suiteEnd = { event: "suite-ended", message: "", passed: 0, failed: 0, timed_out: 0, flaky: 0, lost: 0, cancelled: 0,
  not_run: 0, failures: [], earlier_failures: [], flaky_workloads: [], hunted: [], makespan: 0, bound: 0, phases: [] };
const split = { work: 0, start_up: 0, dispatch: 0, imbalance: 0, retries: 0, idle: 0 };

function workload(directory, { job, name, worker, from, took, result, log }) {
  const file = path.join(directory, `${String(job).padStart(6, "0")}.log`);
  fs.writeFileSync(file, log);
  return [
    { event: "workload-assigned", worker, job, attempt: 1, name, time: from },
    { event: "workload-started", worker, job, attempt: 1, name, phase: "test", expected: took, time: from },
    { event: "workload-done", worker, job, attempt: 1, name, workload: name, run: 1, workloads: 1, result,
      outcome: result, detail: result === "failed" ? "exit 1" : "exit 0", took, log: file, left: 0, expected_left: 0, time: from + took },
  ];
}

/** Words of 5 KiB: a log compresses, but is not one line repeated. */
function chatter(bytes) {
  const words = [];
  for (let size = 0; size < bytes;) {
    const line = `${random(1e6)} ${["reading", "writing", "waiting for", "connected to"][random(4)]} part ${random(1e4)} of ${random(1e4)} in ${random(999)} ms`;
    words.push(line);
    size += line.length + 1;
  }
  return `${words.join("\n")}\n`;
}

const count = 10000;
const workers = 40;
writeRun("large", (directory) => {
  const events = [{ event: "suite-started", title: "large", where: "containers of large", unix_time: 1764450000, workers,
    log_directory: directory, command: "nmzswarm -source large", tests: "", time: 0 },
  { event: "workloads-listed", workloads: count, repeated: false, runs: 1, chunks: 0, bound: 0, time: 0 }];
  for (let worker = 0; worker < workers; worker++) events.push({ event: "worker-ready", worker, node: `node-${worker % 4}`, time: 0.5 });
  const free = new Array(workers).fill(1);
  let failed = 0;
  let work = 0;
  for (let job = 0; job < count; job++) {
    const worker = free.indexOf(Math.min(...free));
    const took = 0.05 + random(4000) / 1000;
    const bad = random(100) === 0;
    failed += bad;
    work += took;
    events.push(...workload(directory, { job, name: `suite/part-${job % 97}/test-${job}`, worker, from: free[worker], took,
      result: bad ? "failed" : "passed", log: chatter(5200) + (bad ? `Error: assertion ${job % 3} failed in ${random(1e6)}\n` : "") }));
    free[worker] += took;
  }
  const wall = Math.max(...free) + 0.2;
  events.push({ ...suiteEnd, result: "failed", passed: count - failed, failed, makespan: wall - 1, bound: work / workers,
    time_split: { ...split, work, idle: wall * workers - work }, workers, wall, log_directory: directory, exit_code: 1, time: wall });
  return events;
});

export const evil = [
  "<img src=x onerror=\"window.hit=1\">", "</script><script>window.hit=1</script>", "<!--<script>", "@data@ @script@ @title@",
  "javascript:window.hit=1", "\u202eevil\u202c", "__proto__", "constructor", "a b&c=d#e%20\"'`${window.hit=1}", "\u0000\u001b[31m",
  "x".repeat(5000), "]]>", "data:text/html,<script>window.hit=1</script>",
];

writeRun("hostile-suite", (directory) => {
  const events = [{ event: "suite-started", title: evil[1], where: evil[0], unix_time: 1764450000, workers: 2,
    log_directory: evil[4], command: evil[8], tests: evil[0], time: 0 },
  { event: "workloads-listed", workloads: evil.length, repeated: false, runs: 1, chunks: 0, bound: 0, time: 0 },
  { event: "worker-ready", worker: 0, node: evil[0], time: 0 }, { event: "notice", text: evil[1], time: 0 }];
  evil.forEach((name, job) => {
    events.push(...workload(directory, { job, name, worker: 0, from: job + 1, took: 0.5, result: "failed", log: `${name}\nError: ${name}\n` }));
    if (job % 3 === 0) events.at(-1).log = name;
  });
  events.push({ ...suiteEnd, result: "failed", message: evil[0], failed: evil.length, makespan: 9, bound: 1, hunted: [{ name: evil[0], runs: 3,
    failures: 1, lost: 0, low: 0.1, high: 0.8, rate: evil[1], groups: [{ line: evil[1], log_stops: false, runs: [1], detail: evil[0], run: 1,
      seed: 1, log: evil[4], command: evil[1] }] }],
  time_split: { ...split, work: 5, idle: 5 }, workers: 2, wall: 20, log_directory: directory, exit_code: 1, time: 20 });
  return events;
});

writeRun("hostile-search", (directory) => {
  const commits = evil.map((subject, i) => ({ commit: i === 3 ? evil[0] : String(i).padStart(40, "0"), subject,
    part: i === 0 ? "good-end" : "candidate", parents: i === 0 ? [] : i === 2 ? [1, 999999, 2] : [i - 1] }));
  const events = [{ event: "search-started", title: evil[1], where: evil[0], unix_time: 1764450000, workers: 1, candidates: evil.length,
    rounds: 3, log_directory: evil[1], command: evil[8], tests: evil[1], time: 0 }, { event: "history", left_out: 0, commits, time: 0 },
  { event: "worker-ready", worker: 0, node: evil[1], time: 0 }];
  [2, 5, 3].forEach((position, job) => {
    const commit = commits[position].commit;
    const bad = position > 2;
    fs.writeFileSync(path.join(directory, `${job}.log`), `${evil.join("\n")}\n`);
    events.push({ event: "job-assigned", worker: 0, job, attempt: 1, commit, time: job * 2 },
      { event: "job-started", worker: 0, job, attempt: 1, commit, phase: "test", time: job * 2 + 0.5 },
      { event: "job-done", worker: 0, job, attempt: 1, commit, subject: evil[1], verdict: bad ? evil[0] : "good", mark: bad ? "failed" : "passed",
        outcome: bad ? "failed" : "passed", detail: evil[1], took: 1, log: path.join(directory, `${job}.log`), left: 1, expected_left: 0, confidence: 0, time: job * 2 + 2 });
  });
  events.push({ event: "search-ended", result: "found", message: evil[1], suspects: [{ commit: commits[3].commit, subject: evil[1], share: 1 }], tests: 3,
    good: 1, bad: 2, skip: 0, serial_tests: 4, deciding_log: "", log_end: evil[1], answer: evil.join("\n"), patch: `+${evil.join("\n+")}`,
    confidence: 0, no_culprit: 0, false_failures: 0, false_passes: 0, workers: 1, wall: 6, log_directory: directory, exit_code: 0, time: 6 });
  return events;
});
