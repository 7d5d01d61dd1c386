// The page from top to bottom.

import { readData } from "./bytes.js";
import { make, section, lifetime } from "./dom.js";
import { dateOf, duration } from "./words.js";
import { understand } from "./model.js";
import { Panel } from "./logs.js";
import { searchPage, searchSentence, searchEffort, quoted } from "./search.js";
import { suitePage, suiteSentence, suiteEffort } from "./suite.js";
import { address } from "./address.js";
import { remember } from "./keep.js";
import { follow } from "./live.js";

const reload_after = 2;
const silent_after = 60;

function tone(run) {
  if (!run.end) return "run";
  return run.end.exit_code === 0 ? (run.kind === "search" ? "found" : "good") : "bad";
}

function head(run, sentence, effort) {
  const { started } = run;
  const facts = [started.title, started.where, started.unix_time ? dateOf(started.unix_time) : ""].filter(Boolean).join(" · ");
  return make("header", { class: `head ${tone(run)}` }, make("h1", {}, sentence), make("p", {}, effort),
    run.end?.message && run.end.message !== sentence ? make("p", {}, run.end.message) : null,
    make("p", { class: "soft" }, facts), started.command ? make("p", { class: "soft ran" }, make("code", {}, `$ ${started.command}`)) : null,
    run.end ? null : live(run));
}

/** A page may not fetch the file that it came from, so it loads itself anew until the run is over. */
function live(run) {
  if (run.served) {
    return make("p", { role: "status" }, run.lost ? "The program cannot be reached any more: this is how far it was."
      : "The run goes on; this page follows it by itself.");
  }
  const age = Date.now() / 1000 - run.written;
  if (!run.live) return make("p", { role: "status" }, "This is not its end: the run was killed, or goes on.");
  if (age > silent_after) {
    return make("p", { role: "status" }, `Nothing has been written for ${duration(age)}: the run was killed, or it waits.`);
  }
  const box = make("input", { type: "checkbox", id: "follow", onchange: () => address.set({ follow: box.checked ? "" : "no" }) });
  box.checked = address.get("follow") !== "no";
  setTimeout(() => { if (box.checked) location.reload(); }, reload_after * 1000);
  return make("p", {}, box, make("label", { for: "follow" }, " The run goes on; follow it"));
}

function contents(parts) {
  return make("nav", { "aria-label": "sections" }, parts.map((part) =>
    make("button", { type: "button", class: "link", onclick: () => { part.scrollIntoView(); part.querySelector("h2").focus?.(); } },
      part.querySelector("h2").textContent)));
}

function notices(run) {
  if (run.notices.length === 0) return null;
  return section("notices", "What was noticed", make("ul", {}, run.notices.slice(0, 500).map((notice) =>
    make("li", {}, make("span", { class: "soft" }, `after ${duration(notice.time)}: `), notice.text))));
}

function about(run) {
  const lines = [`Made by ${run.program}, from the run's events alone. ${run.served ? "" : "This file needs no network."}`];
  if (run.served && run.end && run.started.log_directory) {
    lines.push(` It is complete, and lasts as long as this window; ${run.program} show ${quoted(run.started.log_directory)} --html FILE keeps it.`);
  }
  if (run.started.log_directory) lines.push(` Logs: ${run.started.log_directory}`);
  return make("footer", { class: "soft" }, lines,
    run.picture ? make("details", {}, make("summary", {}, "The search as a picture, for an issue or a chat"), picture(run.picture)) : null);
}

function picture(svg) {
  const bytes = new TextEncoder().encode(svg);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const source = `data:image/svg+xml;base64,${btoa(binary)}`;
  return [make("img", { src: source, alt: "The search: what was tested when, and how the candidates shrank" }),
    make("p", {}, make("a", { href: source, download: "search.svg" }, "save it"))];
}

let panel = null;

function build(run) {
  lifetime.begin();
  address.forget();
  const searches = run.kind === "search";
  const facts = (job) => (searches ? [["left after it", job.isResult ? String(job.left) : ""]] : []);
  if (panel === null) {
    panel = new Panel(run, facts);
    document.body.append(panel.element);
  }
  panel.renew(run, facts);
  const page = searches ? searchPage(run, panel) : suitePage(run, panel);
  const sentence = searches ? searchSentence(run) : suiteSentence(run);
  const parts = [...page.parts, notices(run)].filter(Boolean);
  document.getElementById("page").replaceChildren(
    head(run, sentence, searches ? searchEffort(run) : suiteEffort(run)), contents(parts), ...parts, about(run));
  page.begin();
  panel.follow();
  if (!document.documentElement.dataset.ready) performance.mark("ready");  // a served page is built again and again
  document.documentElement.dataset.ready = "yes";
}

function buildAnew(data) {
  const run = understand(data);
  if (!run.started.unix_time) return document.getElementById("page").replaceChildren(make("h1", {}, "The run begins"));
  document.title = `${run.program}: ${run.started.title}`;
  const bringBack = remember(document.getElementById("page"));
  build(run);
  return bringBack();
}

async function main() {
  const data = await readData();
  if (data.served) {
    document.getElementById("page").replaceChildren(make("h1", {}, "The run begins"));
    follow(buildAnew);
  } else {
    build(understand(data));
  }
}

main().catch((error) => {
  document.getElementById("page").replaceChildren(make("h1", {}, "This page cannot be shown"), make("p", {}, String(error)),
    make("p", {}, "It needs a browser of 2023 or newer."));
  throw error;
});
