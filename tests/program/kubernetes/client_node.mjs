// @kubernetes/client-node against the fake API server that KUBECONFIG leads to: create, watch, attach with half-close, list by label, an
// informer that survives an expired watch, conflicts, and deletion.
import assert from "node:assert/strict";
import { request } from "node:http";
import { Readable, Writable } from "node:stream";
import * as k8s from "@kubernetes/client-node";

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const batch = config.makeApiClient(k8s.BatchV1Api);
const namespace = "default";

function control(name, body = {}) {
  return new Promise((resolve, reject) => {
    const options = { socketPath: process.env.FAKE_CONTROL, path: `/${name}`, method: "POST" };
    request(options, (answer) => answer.resume().on("end", resolve)).on("error", reject).end(JSON.stringify(body));
  });
}

async function until(what, condition) {
  for (let i = 0; i < 200; ++i) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`never: ${what}`);
}

function job(name, command) {
  const container = { name: "worker", image: "any", command, stdin: true, stdinOnce: true };
  const template = { metadata: { labels: { suite: name } }, spec: { restartPolicy: "Never", containers: [container] } };
  return { metadata: { name }, spec: { completions: 2, parallelism: 2, completionMode: "Indexed", template } };
}

const seen = [];
const watch = new k8s.Watch(config);
function watchPods() {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  return watch.watch(path, { labelSelector: "suite=node" }, (type, pod) => seen.push(`${type} ${pod.status?.phase}`), () => {});
}
await watchPods();
await batch.createNamespacedJob({ namespace, body: job("node", ["sh", "-c", "wc -c; echo counted >&2"]) });
const pods = await until("two pods run", async () => {
  const list = await core.listNamespacedPod({ namespace, labelSelector: "suite=node" });
  return list.items.filter((pod) => pod.status.phase === "Running").length === 2 && list.items;
});
assert.deepEqual(pods.map((pod) => pod.metadata.annotations["batch.kubernetes.io/job-completion-index"]).sort(), ["0", "1"]);
assert.equal((await core.listNamespacedPod({ namespace, fieldSelector: `metadata.name=${pods[0].metadata.name}` })).items.length, 1);

// The end of the input reaches the process, and its answer comes back on the same connection.
for (const pod of pods) {
  let out = "";
  let err = "";
  const into = (add) => new Writable({ write: (data, _, done) => (add(String(data)), done()) });
  const attach = new k8s.Attach(config);
  const socket = await attach.attach(
    namespace,
    pod.metadata.name,
    "worker",
    into((text) => (out += text)),
    into((text) => (err += text)),
    Readable.from([Buffer.alloc(100000), Buffer.alloc(23)]),
    false,
  );
  const [code] = await new Promise((resolve) => socket.on("close", (...all) => resolve(all)));
  assert.equal(code, 1000);
  assert.equal(out.trim(), "100023");
  assert.equal(err.trim(), "counted");
}
await until("the job is complete", async () => {
  const { status } = await batch.readNamespacedJob({ namespace, name: "node" });
  return status.conditions?.some((one) => one.type === "Complete") && status.completedIndexes === "0,1";
});
assert.ok(seen.includes("ADDED Pending") && seen.includes("MODIFIED Running") && seen.includes("MODIFIED Succeeded"), String(seen));

// Nobody overwrites what somebody else has written.
const old = await batch.readNamespacedJob({ namespace, name: "node" });
await batch.patchNamespacedJob(
  { namespace, name: "node", body: { metadata: { labels: { changed: "yes" } } } },
  k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
);
await assert.rejects(batch.replaceNamespacedJob({ namespace, name: "node", body: old }), (error) => error.code === 409);

// A watch that the server has forgotten begins again with a list.
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () => core.listNamespacedConfigMap({ namespace }));
const told = new Set();
informer.on("add", (map) => told.add(map.metadata.name));
informer.on("error", () => setTimeout(() => informer.start(), 50));
await informer.start();
await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "before" }, data: { a: "b" } } });
await until("the informer tells", () => told.has("before"));
await control("compact");
await control("expire-watches");
await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "after" }, binaryData: { a: "AAE=" } } });
await until("the informer tells again", () => told.has("after"));
await informer.stop();
assert.ok(seen.some((one) => one.startsWith("ERROR")), "the expired watch is told");
await watchPods();

await batch.deleteNamespacedJob({ namespace, name: "node", propagationPolicy: "Foreground" });
await until("job and pods are gone", async () => {
  const left = await core.listNamespacedPod({ namespace, labelSelector: "suite=node" });
  const jobs = await batch.listNamespacedJob({ namespace });
  return left.items.length === 0 && !jobs.items.some((one) => one.metadata.name === "node");
});
await until("the watch tells", () => seen.some((one) => one.startsWith("DELETED")));
process.exit(0);
