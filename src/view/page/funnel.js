// The search as one drawing: time to the right, history upwards, what may still be the first bad commit shaded, a bar a
// test. What --svg draws, but live: a click on a test opens it, and a line shows the moment that is looked at.

import { canvas } from "./dom.js";
import { duration, shortId } from "./words.js";
import { Belief } from "./model.js";

export function funnel(run, belief, { open, now }) {
  const count = belief.commits.length;
  const culprit = run.end?.suspects?.[0] ? belief.positions.get(run.end.suspects[0].commit) : undefined;
  const [above, below, side] = [20, 22, 12];
  const tall = Math.max(140, Math.min(420, count * 14));
  const span = Math.max(run.wall, 0.001);
  const x = (time, width) => side + (time / span) * (width - 2 * side);
  const tests = run.jobs.filter((job) => belief.positions.has(job.item));
  const edges = layOut(count, new Set(tests.map((job) => belief.positions.get(job.item))), tall);
  const edge = (position) => above + tall - edges[position];
  const steps = belief.noisy ? [] : stepsOf(belief);

  const drawn = canvas(
    `How the search went: ${tests.length} tests among ${count} commits in ${duration(run.wall)}. The table below tells the same.`,
    above + tall + below,
    (pen, width, height, colour) => {
      shade(pen, width, colour);
      if (culprit !== undefined) {
        pen.strokeStyle = colour.bad;
        pen.setLineDash([2, 3]);
        line(pen, side, middle(culprit), width - side, middle(culprit));
        pen.setLineDash([]);
      }
      for (const job of tests) test(pen, job, width, colour);
      pen.fillStyle = colour.soft;
      pen.fillText("0 s", side, height - 6);
      const end = duration(run.wall);
      pen.fillText(end, width - side - pen.measureText(end).width, height - 6);
      pen.fillText("newest", side, 12);
      pen.fillStyle = colour.mark;
      pen.fillRect(x(now(), width) - 1, above - 6, 2, tall + 12);
    });

  const middle = (position) => (edge(position) + edge(position + 1)) / 2;

  function line(pen, x1, y1, x2, y2) {
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  }

  function shade(pen, width, colour) {
    pen.fillStyle = colour.shade;
    steps.forEach((step, i) => {
      const until = i + 1 < steps.length ? steps[i + 1].time : span;
      for (const [first, last] of step.left) {
        const y = edge(last + 1);
        pen.fillRect(x(step.time, width), y, Math.max(x(until, width) - x(step.time, width), 1), Math.max(edge(first) - y, 2));
      }
    });
  }

  function test(pen, job, width, colour) {
    const y = middle(belief.positions.get(job.item));
    const end = x(job.until, width);
    pen.strokeStyle = pen.fillStyle = colour[job.mark.look];
    pen.lineWidth = 3;
    pen.globalAlpha = 0.5;
    line(pen, x(job.begin, width), y, end, y);
    pen.globalAlpha = 1;
    if (job.end === null) return;
    pen.lineWidth = 2.5;
    pen.beginPath();
    if (job.mark.look === "good") {
      pen.arc(end, y, 4, 0, 7);
      pen.fill();
    } else if (job.mark.look === "bad") {
      line(pen, end - 4, y - 4, end + 4, y + 4);
      line(pen, end - 4, y + 4, end + 4, y - 4);
    } else if (job.mark.look === "odd") {
      pen.fillRect(end - 3, y - 3, 7, 7);
    } else {
      line(pen, end, y - 4, end, y + 4);
    }
  }

  function find(event) {
    const box = drawn.element.getBoundingClientRect();
    const [at, y] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    for (const job of tests) {
      const off = Math.abs(middle(belief.positions.get(job.item)) - y);
      if (off > 7 || at < x(job.begin, box.width) - 4 || at > x(job.until, box.width) + 6) continue;
      if (best === null || off < best.off) best = { job, off };
    }
    return best?.job ?? null;
  }
  drawn.element.addEventListener("click", (event) => { const job = find(event); if (job) open(job); });
  drawn.element.addEventListener("mousemove", (event) => {
    const job = find(event);
    drawn.element.style.cursor = job ? "pointer" : "default";
    drawn.element.title = job ? `${shortId(job.item)} ${job.subject}\n${job.word || job.mark.word}, ${duration(job.took)}` : "";
  });
  return { element: drawn.place, repaint: drawn.repaint };
}

/** Half of the height is shared by all commits, and half by those that were tested: else the last tests of a long history
 *  would be one line. */
function layOut(count, tested, tall) {
  const own = tested.size ? Math.min(16, tall / 2 / tested.size) : 0;
  const shared = (tall - own * tested.size) / Math.max(count, 1);
  const edges = [0];
  for (let i = 0; i < count; i++) edges.push(edges[i] + shared + (tested.has(i) ? own : 0));
  return edges;
}

function stepsOf(belief) {
  const times = [0, ...belief.verdicts.map((verdict) => verdict.end)];
  return times.map((time) => {
    let left = Belief.stretches(belief.at(time).shares);
    if (left.length > 200) left = [[left[0][0], left.at(-1)[1]]];
    return { time, left };
  });
}
