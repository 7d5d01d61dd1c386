// Numbers and results in words, the same everywhere on the page.

/** In the order of events::Mark, with a sign, so that nothing is told by a colour alone. */
export const marks = [
  { word: "passed", sign: "✓", look: "good" },
  { word: "failed", sign: "✗", look: "bad" },
  { word: "timed-out", sign: "◷", look: "bad" },
  { word: "skipped", sign: "–", look: "odd" },
  { word: "flaky", sign: "≈", look: "odd" },
  { word: "lost", sign: "?", look: "odd" },
  { word: "stopped", sign: "■", look: "odd" },
  { word: "retried", sign: "↻", look: "dim" },
  { word: "cancelled", sign: "⊘", look: "dim" },
  { word: "late", sign: "⋯", look: "dim" },
  { word: "repeated", sign: "⟳", look: "dim" },
];
export const running = { word: "running", sign: "▶", look: "run" };
export const outcomes = ["passed", "failed", "timed-out", "untestable", "infrastructure"];

export function duration(seconds) {
  if (!(seconds > 0)) return "0 s";
  if (seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function plural(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

export function percent(share) {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  if (value > 99.9 && value < 100) return `${value.toFixed(2)} %`;
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

export function bytesInWords(size) {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(1)} KiB`;
  return `${(size / 1024 / 1024).toFixed(1)} MiB`;
}

export const shortId = (commit) => commit.slice(0, 12);

export function dateOf(unixTime) {
  const date = new Date(unixTime * 1000);
  const two = (n) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
