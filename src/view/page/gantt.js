// What ran where and when: a line a worker, a bar an execution. A canvas, because 10,000 elements are slow and 10,000
// rectangles are not. Who cannot see it has the same in the table below.

import { make, canvas } from "./dom.js";
import { duration } from "./words.js";

const top = 22;
const names = 110;

/** What is shown of the time, where that is not all. */
let zoomedTo = null;

export function gantt(run, { jobs = run.jobs, path = [], open, now = () => null }) {
  const workers = [...new Set([...run.nodes.keys(), ...jobs.map((job) => job.worker)])];
  const node = (worker) => run.nodes.get(worker) ?? "";
  workers.sort((a, b) => node(a).localeCompare(node(b)) || a - b);
  const several = new Set(workers.map(node)).size > 1;
  const line = workers.length > 200 ? 5 : workers.length > 40 ? 10 : 20;
  const place = new Map(workers.map((worker, i) => [worker, i]));
  const lanes = workers.map(() => []);
  for (const job of jobs) lanes[place.get(job.worker)].push(job);
  for (const lane of lanes) lane.sort((a, b) => a.begin - b.begin);
  const inPath = new Set(path);
  let [from, to] = zoomedTo ?? [0, Math.max(run.wall, 0.001)];
  const x = (time, width) => names + ((time - from) / (to - from)) * (width - names - 8);

  const drawn = canvas(
    `Timeline: ${workers.length} workers, ${jobs.length} executions in ${duration(run.wall)}. The list below tells the same.`,
    () => top + workers.length * line + 6,
    (pen, width, height, colour) => {
      axis(pen, width, height, colour);
      lanes.forEach((lane, i) => {
        const y = top + i * line;
        if (line >= 10) {
          pen.fillStyle = colour.soft;
          pen.fillText(`${workers[i]}${several ? ` ${node(workers[i])}` : ""}`.slice(0, 17), 2, y + line - (line > 12 ? 6 : 1));
        }
        for (const job of lane) bar(pen, job, width, y, colour);
      });
      const at = now();
      if (at !== null) {
        pen.fillStyle = colour.mark;
        pen.fillRect(x(at, width) - 1, 0, 2, height);
      }
    });

  function axis(pen, width, height, colour) {
    const steps = Math.max(2, Math.floor((width - names) / 140));
    for (let i = 0; i <= steps; i++) {
      const time = from + ((to - from) * i) / steps;
      const at = x(time, width);
      pen.fillStyle = colour.line;
      pen.fillRect(at, 16, 1, height);
      pen.fillStyle = colour.soft;
      const text = duration(time);
      pen.fillText(text, Math.min(at, width - pen.measureText(text).width - 2), 12);
    }
  }

  function bar(pen, job, width, y, colour) {
    const left = Math.max(names, x(job.begin, width));
    const right = Math.min(width - 8, x(job.until, width));
    if (right < names || left > width - 8) return;
    const thick = Math.max(line - 3, 3);
    if (job.assigned < job.begin && line >= 10) {
      pen.fillStyle = colour.line;
      pen.fillRect(Math.max(names, x(job.assigned, width)), y + thick / 2, Math.max(0, left - x(job.assigned, width)), 2);
    }
    pen.fillStyle = colour[job.mark.look];
    pen.fillRect(left, y, Math.max(right - left - 0.5, 1), thick);
    if (inPath.has(job)) {
      pen.fillStyle = colour.mark;
      pen.fillRect(left, y + thick - 3, Math.max(right - left - 0.5, 1), 3);
    }
    if (right - left > 48 && line >= 16) {
      pen.save();
      pen.beginPath();
      pen.rect(left, y, right - left - 3, thick);
      pen.clip();
      pen.fillStyle = colour.back;
      pen.fillText(run.kind === "search" ? job.item.slice(0, 10) : job.item, left + 4, y + thick - 5);
      pen.restore();
    }
  }

  drawn.place.tabIndex = 0;  // it may be taller than its place, and is scrolled with the keyboard then

  function find(event) {
    const box = drawn.element.getBoundingClientRect();
    const lane = lanes[Math.floor((event.clientY - box.top - top) / line)];
    if (!lane || event.clientX - box.left < names) return null;
    const time = from + ((event.clientX - box.left - names) / (box.width - names - 8)) * (to - from);
    const slack = ((to - from) / box.width) * 2;
    return lane.findLast((job) => job.begin - slack <= time && job.until + slack >= time) ?? null;
  }
  drawn.element.addEventListener("click", (event) => { const job = find(event); if (job) open(job); });
  drawn.element.addEventListener("mousemove", (event) => {
    const job = find(event);
    drawn.element.style.cursor = job ? "pointer" : "default";
    drawn.element.title = job ? `${job.item}\n${job.mark.word}, ${duration(job.took)}` : "";
  });
  const keep = () => { zoomedTo = to - from < run.wall * 0.999 ? [from, to] : null; };
  const zoom = (factor) => {
    const middle = (from + to) / 2;
    const half = Math.min(run.wall, (to - from) * factor) / 2;
    from = Math.max(0, middle - half);
    to = Math.min(run.wall, from + 2 * half);
    keep();
    drawn.repaint();
  };
  const move = (share) => {
    const by = Math.max(-from, Math.min(run.wall - to, (to - from) * share));
    from += by;
    to += by;
    keep();
    drawn.repaint();
  };
  const button = (sign, label, act) => make("button", { type: "button", "aria-label": label, onclick: act }, sign);
  return {
    element: make("div", { class: "gantt" }, drawn.place, make("p", { class: "tools" },
      button("+", "show less time, larger", () => zoom(0.5)), button("−", "show more time", () => zoom(2)),
      button("←", "earlier", () => move(-0.5)), button("→", "later", () => move(0.5)))),
    repaint: drawn.repaint,
  };
}
