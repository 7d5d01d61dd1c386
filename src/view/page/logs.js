// The panel beside the page that tells everything of one execution, with its log.

import { make, badge } from "./dom.js";
import { readLog } from "./bytes.js";
import { duration, bytesInWords } from "./words.js";
import { address } from "./address.js";

/** A file beside the page, or by its whole path. */
function href(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** The element of a log; filled when it is unpacked. */
export function logView(logs, number, label) {
  if (number < 0) return make("p", { class: "soft" }, "There is no log of it, or it is not written yet.");
  const path = logs.path[number];
  const text = make("pre", { class: "log", tabindex: "0", role: "region", "aria-label": label }, "…");
  const link = make("p", { class: "soft" }, "The whole log: ", location.protocol === "file:" ? make("a", { href: href(path) }, path) : make("code", {}, path),
    ` (${bytesInWords(logs.size[number])})`);
  readLog(logs, number).then((log) => {
    if (log === null) {
      text.remove();
      link.prepend("This log is not inside of this page, which would be too large with it. ");
    } else {
      text.textContent = log === "" ? "(it is empty)" : log;
    }
  }).catch(() => { text.textContent = "(the program that has this log cannot be reached any more)"; });
  return [text, link];
}

export class Panel {
  constructor(run, facts) {
    this.run = run;
    this.facts = facts;
    this.element = make("aside", { class: "panel", "aria-label": "one execution", tabindex: "-1" });
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
    this.shown = "";
  }

  /** The page is made anew, and what is open stays. */
  renew(run, facts) {
    Object.assign(this, { run, facts });
  }

  /** From the address: #row=ID */
  follow() {
    address.follow(() => {
      const wanted = address.get("row");
      const job = wanted === "" ? null : this.run.jobs.find((one) => String(one.id) === wanted) ?? null;
      const state = job === null ? "" : `${job.id} ${job.row} ${job.end} ${job.mark.word} ${Boolean(this.run.logs.served)}`;
      if (state === this.shown) return;
      this.shown = state;
      this.element.hidden = job === null;
      document.body.classList.toggle("with-panel", job !== null);
      this.element.replaceChildren(...(job === null ? [] : this.content(job)));
    });
  }

  open(job) {
    this.before = document.activeElement;
    address.set({ row: job.id });
    this.element.focus({ preventScroll: true });
  }

  close() {
    address.set({ row: "" });
    this.before?.focus?.({ preventScroll: true });
  }

  content(job) {
    const facts = [
      ["result", badge(job.mark, job.word || job.mark.word)],
      ["detail", job.detail], ["seems to say why", job.cause],
      ["worker", `${job.worker}${this.run.nodes.get(job.worker) ? ` on ${this.run.nodes.get(job.worker)}` : ""}`],
      ["attempt", job.attempt > 1 ? String(job.attempt) : ""], ["run", job.run > 1 ? String(job.run) : ""],
      ["took", duration(job.took) + (job.expected ? ` (expected: ${duration(job.expected)})` : "")],
      ["began after", duration(job.begin)], ...this.facts(job),
    ].filter(([, value]) => value !== "" && value !== null);
    return [
      make("header", {}, make("h2", {}, job.item),
        make("button", { type: "button", onclick: () => this.close() }, "close")),
      job.subject ? make("p", {}, job.subject) : null,
      make("dl", {}, facts.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
      logView(this.run.logs, job.log, `log of ${job.item}`),
    ].flat().filter(Boolean);
  }
}
