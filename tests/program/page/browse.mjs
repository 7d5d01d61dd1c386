// What a person does with the pages, in one browser: node browse.mjs DIRECTORY CULPRIT BIN_DIR
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import http from "node:http";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [directory, culprit, bin] = process.argv.slice(2);
const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Chromium's own sandbox needs what a container does not give; nothing but our files is opened.
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
let passed = 0;
let failed = 0;

async function check(name, run) {
  try {
    await run();
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
}

/** A page that tells everything that should not happen: errors, requests, dialogs. */
async function open(file, { hash = "", troubles = [], expectReady = true, address = `file://${path.join(directory, file)}`, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) troubles.push(message.text()); });
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("dialog", (dialog) => { troubles.push("a dialog"); dialog.dismiss(); });
  page.on("request", (request) => {
    const own = address.startsWith("http:") && request.url().startsWith(address);
    if (!own && !/^(file:.*\.html(#|$)|data:image\/svg\+xml)/.test(request.url())) troubles.push(`a request for ${request.url()}`);
  });
  page.troubles = troubles;
  await page.goto(`${address}${hash}`);
  if (expectReady) await page.waitForSelector("html[data-ready]", { state: "attached", timeout: 20000 });
  return page;
}

async function close(page) {
  assert.deepEqual(page.troubles, []);
  await page.context().close();
}

async function violations(page) {
  await page.waitForSelector("html[data-ready]", { state: "attached" });
  await page.evaluate(axe);
  return page.evaluate(async () => (await axe.run()).violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`));
}

async function accessible(page) {
  assert.deepEqual(await violations(page), []);
}

const heading = (page) => page.textContent("h1");
const status = (page, id) => page.textContent(`#${id} [role=status]`);

await check("a search says what was found, how sure that is, and what to do", async () => {
  const page = await open("search.html");
  assert.equal(await heading(page), `${culprit.slice(0, 12)} is the first bad commit: change 23`);
  assert.match(await page.textContent("#answer"), /How sure: It was tested/);
  assert.match(await page.textContent("#answer"), /\+broken/);
  assert.match(await page.textContent("#next"), new RegExp(`nmzbisect test ${culprit} -- sh -c`));
  assert.match(await page.textContent("#next"), /Search again\s*nmzbisect -C \S+ --jobs 3 .*\.\.HEAD -- sh -c/);
  await accessible(page);
  await close(page);
});

await check("a stored run gives the same page", async () => {
  const text = async (file) => {
    const page = await open(file);
    const all = await page.textContent("main");
    await close(page);
    return all;
  };
  assert.equal(await text("search-again.html"), await text("search.html"));
});

await check("time is gone through with the keyboard", async () => {
  const page = await open("search.html");
  assert.match(await page.textContent("output"), /1 commit may be it/);
  await page.focus("#moment");
  await page.keyboard.press("Home");
  assert.match(await page.textContent("output"), /After 0 s: 30 commits may be it, 0 tests done/);
  await page.selectOption("#which", "tested");
  await page.keyboard.press("Tab");
  assert.match(page.url(), /at=0&commits=tested/);
  await page.focus("#moment");
  await page.keyboard.press("End");
  await page.selectOption("#which", "possible");
  assert.equal(await status(page, "history"), "1 commit");
  await close(page);
});

await check("a commit's log is opened and closed with the keyboard", async () => {
  const page = await open("search.html", { hash: "#commits=tested" });
  await page.focus(".commit");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".panel pre")?.textContent.startsWith("looking at "));
  await accessible(page);
  await page.keyboard.press("Escape");
  assert.equal(await page.isVisible(".panel"), false);
  assert.equal(await page.evaluate(() => document.activeElement.classList.contains("commit")), true);
  await close(page);
});

await check("dark, and narrow", async () => {
  for (const file of ["search.html", "suite.html"]) {
    const page = await open(file, { colorScheme: "dark", viewport: { width: 360, height: 700 } });
    await accessible(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${file} is wider than the window`);
    await close(page);
  }
});

await check("a suite is sorted and filtered, and the address says how", async () => {
  const page = await open("suite.html");
  assert.equal(await heading(page), "3 of 60 workloads failed, 1 is flaky");
  assert.match(await page.textContent("header .ran"), /^\$ \S*nmzswarm --workloads - --replicas 3 --retries 1 /);
  assert.match(await page.textContent("#failures"), /3×.*Error: port 80\d+ is taken/);
  const failures = await page.locator("#failures details").first().locator("li").allTextContents();
  assert.deepEqual(failures.map((one) => one.replace(/[0-9.]+ m?s, worker \d/, "")).sort(),
    ["17", "27", "7"].map((name) => `✗ failed ${name} exit 1, ; so did 1 attempt before`));
  assert.match(await page.textContent("#flaky"), /earlier runs, and this one/);
  await accessible(page);
  await page.click(".job .head button:has-text('took')");
  await page.click(".job .head button:has-text('took')");
  assert.equal(await page.getAttribute(".job .head [aria-sort=descending]", "aria-sort"), "descending");
  assert.match(await page.textContent("#job-0"), /✓ passed40/);
  await page.fill("#filter", "807");
  assert.match(await page.getAttribute("#all .spark", "aria-label"), /^1 earlier run: .*, 1 failed$/);
  await page.fill("#filter", "is:failed");
  assert.equal(await status(page, "all"), "3 of 64 executions");
  assert.match(await page.textContent(".job .rows"), /new/);  // 17 and 27
  await page.reload();
  await page.waitForSelector("html[data-ready]", { state: "attached" });
  assert.equal(await page.inputValue("#filter"), "is:failed");
  assert.equal(await status(page, "all"), "3 of 64 executions");
  await page.click("#job-1");
  assert.match(page.url(), /row=/);
  const link = page.url();
  await page.waitForFunction(() => document.querySelector(".panel pre")?.textContent.includes("is taken"));
  const log = await page.textContent(".panel pre");
  await close(page);
  const again = await open("suite.html", { hash: link.slice(link.indexOf("#")) });
  await again.waitForFunction((text) => document.querySelector(".panel pre")?.textContent === text, log);
  await close(again);
});

await check("it prints, with every row", async () => {
  const page = await open("suite.html");
  await page.evaluate(() => addEventListener("beforeprint", () => { globalThis.printed = document.querySelectorAll("[id^=job-]").length; }));
  const pdf = await page.pdf();
  assert.equal(await page.evaluate(() => globalThis.printed), 64);
  assert.ok(pdf.length > 20000);
  await close(page);
});

await check("nothing that a run says is run, or loaded, or lost", async () => {
  for (const file of ["hostile-suite.html", "hostile-search.html"]) {
    const page = await open(file);
    const rows = await page.$$eval("[id^=job-], [id^=commit-]", (all) => all.map((row) => row.id));
    for (const id of rows) {
      await page.evaluate((one) => document.getElementById(one)?.click(), id);
      await page.waitForTimeout(20);
    }
    await page.$$eval("details", (all) => { for (const one of all) one.open = true; });
    await page.waitForTimeout(200);
    const text = await page.textContent("body");
    for (const one of ["<img src=x onerror=\"window.hit=1\">", "</script><script>window.hit=1</script>", "@data@ @script@ @title@", "__proto__"]) {
      assert.ok(text.includes(one), `${file} does not say ${one}`);
    }
    assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069]/, "a text that is turned around");
    assert.equal(await page.evaluate(() => globalThis.hit), undefined);
    const links = await page.$$eval("a[href]", (all) => all.map((one) => one.protocol));
    assert.ok(links.every((one) => one === "file:" || one === "data:"), `${file}: ${links}`);
    await accessible(page);
    await close(page);
  }
});

await check("the policy of the page forbids what it did not bring", async () => {
  const page = await open("suite.html");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.hit = 1";
    document.body.append(script);
    document.body.insertAdjacentHTML("beforeend", "<img src='data:image/gif;base64,x' onerror='globalThis.hit = 2'>");
  });
  await page.waitForTimeout(100);
  assert.equal(await page.evaluate(() => globalThis.hit), undefined);
  assert.ok(page.troubles.some((one) => one.includes("Content Security Policy")), `${page.troubles}`);
  await page.context().close();
});

await check("a picture has no script, whatever the run says", async () => {
  for (const file of ["search.svg", "hostile-search.svg"]) {
    const page = await open(file, { expectReady: false });
    page.troubles.length = 0;  // it is no page of ours
    assert.equal(await page.evaluate(() => globalThis.hit), undefined);
    assert.equal(await page.evaluate(() => document.querySelectorAll("script, foreignObject, a, image").length), 0);
    assert.equal(await page.evaluate(() => document.documentElement.namespaceURI), "http://www.w3.org/2000/svg");
    assert.ok(await page.evaluate(() => document.querySelectorAll("circle").length) > 0);
    await close(page);
  }
});

// ---- large

await check("10,000 workloads with 50 MB of logs", async () => {
  const size = fs.statSync(path.join(directory, "large.html")).size;
  assert.ok(size < 15e6, `${size} bytes`);
  fs.writeFileSync(path.join(directory, "empty.html"), "<!doctype html><html lang=en data-ready=yes><title>x</title><h1>x</h1></html>");
  const fastest = async (file) => {
    const best = { whole: Infinity, ready: Infinity };
    for (let i = 0; i < 3; i++) {
      const began = performance.now();
      const page = await open(file);
      best.whole = Math.min(best.whole, performance.now() - began);
      best.ready = Math.min(best.ready, await page.evaluate(() => performance.getEntriesByName("ready")[0]?.startTime ?? Infinity));
      await close(page);
    }
    return best;
  };
  const [empty, large] = [await fastest("empty.html"), await fastest("large.html")];
  console.log(`10,000 workloads: ${(size / 1e6).toFixed(1)} MB, drawn after ${large.ready.toFixed(0)} ms, `
    + `with all logs after ${large.whole.toFixed(0)} ms; an empty page after ${empty.whole.toFixed(0)} ms`);
  assert.ok(large.whole < empty.whole * 25, `${large.whole / empty.whole} times as long as an empty page`);
  assert.ok(large.ready < large.whole);
  const page = await open("large.html");
  assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 4000);
  await accessible(page);
  assert.equal(await page.evaluate(() => document.querySelectorAll("#failures details").length), 1);
  assert.equal(await page.evaluate(() => document.querySelectorAll("#failures details[open]").length), 0);
  await page.fill("#filter", "test-9999");
  assert.equal(await status(page, "all"), "1 of 10,000 executions");
  await page.fill("#filter", "");
  await page.focus(".job");
  await page.keyboard.press("End");
  assert.match(await page.textContent("#job-9999"), /test-/);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => (document.querySelector(".panel")?.textContent ?? "").length > 100);
  await close(page);
});

await check("a page of a run that goes on becomes the report", async () => {
  for (let i = 0; i < 200 && !fs.existsSync(path.join(directory, "live.html")); i++) await new Promise((done) => setTimeout(done, 50));
  const page = await open("live.html", { hash: "#follow=no" });
  assert.match(await heading(page), /^Searching: 30 commits of 30 may be the first bad one$/);
  await accessible(page);
  await page.check("#follow");
  await page.reload();
  fs.writeFileSync(path.join(directory, "go-on"), "");
  await page.waitForFunction((id) => document.querySelector("h1")?.textContent.startsWith(`${id} is the first bad commit`), culprit.slice(0, 12),
    { timeout: 60000 });
  await close(page);
});

// ---- served

async function until(what) {
  for (let i = 0; i < 400; i++) {
    const result = what();
    if (result) return result;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** The status of an answer, to a request with this Host. */
const statusOf = (address, host) => new Promise((done, fail) => {
  http.get(address, { headers: host ? { host } : {} }, (answer) => { answer.resume(); done(answer.statusCode); }).on("error", fail);
});

await check("a served page follows the run, stays as it is, and is the report in the end", async () => {
  const said = () => fs.readFileSync(path.join(directory, "served"), "utf8");
  const address = (await until(() => /in a browser: (http:\S+)/.exec(said())))[1];
  assert.equal(await statusOf(address), 200);
  assert.equal(await statusOf(address.replace(/.\/$/, "/")), 404);
  assert.equal(await statusOf(new URL(address).origin), 404);
  assert.equal(await statusOf(address, "attacker.example"), 403);
  const port = new URL(address).port;
  const second = spawnSync(path.join(bin, "nmzswarm"), [`--serve=${port}`, "--isolate", "none", "--", "true", ":::", "1"], { encoding: "utf8" });
  assert.equal(second.status, 128);
  assert.match(second.stderr, new RegExp(`^nmzswarm: --serve: port ${port} is in use by another program\\n$`));

  const page = await open("", { address, viewport: { width: 1200, height: 500 } });
  await page.waitForFunction(() => /^Running: 2 of 40 workloads have a result, 2 failed so far$/.test(document.querySelector("h1").textContent));
  await accessible(page);
  await page.click("#failures summary");  // folds it
  await page.fill("#filter", "is:failed");
  await page.focus("#filter");
  await page.evaluate(() => document.getElementById("all").scrollIntoView());
  await page.click("#job-0");
  await page.waitForFunction(() => document.querySelector(".panel pre")?.textContent.startsWith("Error: disk"));
  await page.keyboard.press("Escape");
  await page.focus("#filter");
  const place = () => page.evaluate(() => Math.round(document.getElementById("all").getBoundingClientRect().top));
  const before = await place();
  await page.evaluate(() => { globalThis.notLoadedAnew = true; });
  fs.writeFileSync(path.join(directory, "go-on-served"), "");
  await page.waitForFunction(() => document.querySelector("h1").textContent === "2 of 40 workloads failed", undefined, { timeout: 30000 });
  assert.equal(await page.evaluate(() => globalThis.notLoadedAnew), true);
  assert.equal(await page.inputValue("#filter"), "is:failed");
  assert.equal(await status(page, "all"), "2 of 40 executions");
  assert.equal(await page.evaluate(() => document.activeElement.id), "filter");
  assert.equal(await page.evaluate(() => document.querySelector("#failures details").open), false);
  assert.ok(Math.abs(await place() - before) < 5, `it has moved from ${before} to ${await place()}`);
  await until(() => { try { process.kill(Number(fs.readFileSync(path.join(directory, "served-pid"), "utf8")), 0); return false; } catch { return true; } });
  await page.fill("#filter", "");
  await page.click("#job-5");
  await page.waitForFunction(() => /^workload \d+/.test(document.querySelector(".panel pre")?.textContent ?? ""));
  await close(page);
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
