// A page that is served while the run goes on: all that has happened, then what is new, as server-sent events; at the end
// the report takes its place, with all of its logs inside, and the program is not needed any more.

import { make } from "./dom.js";
import { readData, forgetLogs } from "./bytes.js";

/** What is new is put into the data: events and texts are added, rows of executions written by their numbers. */
export function take(data, news) {
  if (news.number <= data.number) return;  // it is in what was there at the beginning
  data.events.splice(news.events_from, news.events.length, ...news.events);
  data.texts.splice(news.texts_from, news.texts.length, ...news.texts);
  for (const [name, column] of Object.entries(news.jobs)) {
    if (name === "row") continue;
    news.jobs.row.forEach((row, i) => { data.jobs[name][row] = column[i]; });
  }
  for (const [name, column] of Object.entries(news.logs)) data.logs[name].splice(news.logs_from, column.length, ...column);
  for (const name of ["number", "now", "ended", "written"]) data[name] = news[name];
}

/** The whole page, of which only the data is taken. */
async function report() {
  const answer = await fetch("report");
  const whole = new DOMParser().parseFromString(await answer.text(), "text/html");
  const kind = "application/octet-stream";
  for (const one of document.querySelectorAll(`script[type="${kind}"]`)) one.remove();
  for (const one of whole.querySelectorAll(`script[type="${kind}"]`)) {
    document.body.append(make("script", { type: kind, id: one.id }, one.textContent));
  }
  forgetLogs();
  return readData();
}

/** `show(data)` is called with all of it, as often as it is worth it, and not while somebody plays, drags or marks. */
export function follow(show) {
  let data = null;
  let heard = 0;  // when, as performance.now() tells it
  let failures = 0;
  let timer = null;
  let pause = 0;
  let pressed = false;
  addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { pressed = false; });

  const busy = () => pressed || document.hidden || document.documentElement.dataset.playing || !getSelection().isCollapsed;
  const refresh = () => {
    timer = null;
    if (busy() && !data.final) return ask();
    const began = performance.now();
    const passed = data.ended || data.lost ? 0 : (began - heard) / 1000;
    show({ ...data, now: data.now + passed });
    pause = Math.max(1000, 20 * (performance.now() - began));
    if (!data.ended && !data.lost) ask(2 * pause);  // time passes
    return undefined;
  };
  const ask = (wait = pause) => { timer ??= setTimeout(refresh, wait); };
  const hurry = () => {
    clearTimeout(timer);
    timer = null;
    ask();
  };

  const source = new EventSource("events");
  source.addEventListener("all", (event) => {
    failures = 0;
    heard = performance.now();
    data = JSON.parse(event.data);
    data.served = data.logs.served = true;
    hurry();
  });
  source.addEventListener("news", (event) => {
    heard = performance.now();
    take(data, JSON.parse(event.data));
    hurry();
  });
  source.addEventListener("end", async () => {
    try {
      data = { ...await report(), served: true, final: true };
    } catch {
      data.lost = !data.ended;
    }
    source.close();
    pause = 0;
    hurry();
  });
  source.addEventListener("error", () => {
    if (++failures < 3 && source.readyState !== EventSource.CLOSED) return;
    source.close();
    if (data === null) throw new Error("the program that shows this page has ended");
    data.lost = true;
    hurry();
  });
}
