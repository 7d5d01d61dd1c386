// The data inside of this file: base64 of gzip in script elements that no browser runs.

// Marks that turn the direction of a text around: with them a name can look like another one.
const turning = /[\u202a-\u202e\u2066-\u2069]/g;

const textOf = (bytes) => new TextDecoder().decode(bytes).replace(turning, "\ufffd");

// The data stands before the script, which does not wait for what stands behind it; the logs do.
const wholeFile = new Promise((resolve) => {
  if (document.readyState !== "loading") resolve();
  else document.addEventListener("DOMContentLoaded", resolve, { once: true });
});

async function unpacked(id) {
  const element = document.getElementById(id);
  const binary = atob(element.textContent);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export async function readData() {
  return JSON.parse(textOf(await unpacked("data")));
}

const blocks = new Map();

export function forgetLogs() {
  blocks.clear();
}

/** The text of a log that is inside; null for one that is not. Blocks stay unpacked: few are ever looked at. */
export async function readLog(logs, number) {
  if (logs.served) return textOf(await (await fetch(`log?${number}`)).arrayBuffer());
  const block = logs.block[number];
  if (block < 0) return null;
  await wholeFile;
  if (!blocks.has(block)) blocks.set(block, unpacked(`logs-${block}`));
  const bytes = await blocks.get(block);
  return textOf(bytes.subarray(logs.at[number], logs.at[number] + logs.length[number]));
}
