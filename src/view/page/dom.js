// Elements are made here and nowhere else. What a run says gets into the page as text, never as markup; an address is
// one of this page, or a file beside it.

const named = new Set(["class", "id", "type", "role", "tabindex", "for", "title", "placeholder", "value", "min", "max",
  "step", "open", "scope", "colspan", "spellcheck", "autocomplete", "alt", "download", "viewBox", "width", "height", "d",
  "cx", "cy", "x", "y", "r", "x1", "x2", "y1", "y2", "rel"]);

function give(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else if (named.has(name) || name.startsWith("aria-") || name.startsWith("data-")) {
      element.setAttribute(name, value === true ? "" : String(value));
    } else if (name === "href" || name === "src") {
      if (/^(#|\.\/|\/|data:image\/svg\+xml;base64,)/.test(value)) element.setAttribute(name, value);
    } else {
      throw new Error(`attribute ${name}`);
    }
  }
}

function fill(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** How long a page is as it is: what listens outside of it ends with it, where it is made anew. */
export const lifetime = {
  now: new AbortController(),
  begin() {
    this.now.abort();
    this.now = new AbortController();
  },
};

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  give(element, attributes);
  return fill(element, children);
}

export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  give(element, attributes);
  return fill(element, children);
}

export function section(id, title, ...children) {
  return make("section", { id, "aria-labelledby": `${id}-title` }, make("h2", { id: `${id}-title` }, title), children);
}

/** `columns`: titles; a title that begins with "#" is of numbers. */
export function table(caption, columns, rows) {
  const number = columns.map((title) => title.startsWith("#"));
  return make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {},
      make("caption", { class: "unseen" }, caption),
      make("thead", {}, make("tr", {}, columns.map((title, i) =>
        make("th", { scope: "col", class: number[i] ? "number" : null }, title.replace(/^#/, ""))))),
      make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map((cell, i) =>
        make("td", { class: number[i] ? "number" : null }, cell)))))));
}

export function badge(mark, word = mark.word) {
  return make("span", { class: `badge ${mark.look}` }, make("span", { "aria-hidden": "true" }, mark.sign), ` ${word}`);
}

/** A command to copy. */
export function command(what, text) {
  const code = make("code", { tabindex: "0", role: "group", "aria-label": what }, text);
  const button = make("button", {
    type: "button", "aria-label": `copy: ${what}`,
    onclick: async () => {
      getSelection().selectAllChildren(code);
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "copied";
      } catch {
        button.textContent = "selected";
      }
    },
  }, "copy");
  return make("div", { class: "command" }, make("p", {}, what), make("div", {}, code, button));
}

/** Shares of a whole: [{label, value, look, text}] */
export function shares(label, parts) {
  const total = parts.reduce((sum, part) => sum + part.value, 0) || 1;
  const bar = make("div", {
    class: "shares", role: "img",
    "aria-label": `${label}: ${parts.filter((part) => part.value > 0).map((part) => `${part.text} ${part.label}`).join(", ")}`,
  });
  for (const part of parts) {
    if (part.value <= 0) continue;
    const piece = make("div", { class: `fill ${part.look}`, title: `${part.label}: ${part.text}` });
    piece.style.flexGrow = String(Math.max(part.value / total, 0.004));
    bar.append(piece);
  }
  return bar;
}

/** The colours of the style sheet, for canvases. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const one = (name) => style.getPropertyValue(`--${name}`).trim();
  return { good: one("good"), bad: one("bad"), odd: one("odd"), dim: one("dim"), run: one("run"), text: one("text"),
    soft: one("soft"), line: one("line"), back: one("back"), shade: one("shade"), mark: one("mark") };
}

/** A canvas as wide as its place, which is drawn again when that changes, or the colours do. */
export function canvas(label, height, paint) {
  const element = make("canvas", { role: "img", "aria-label": label });
  const repaint = () => {
    const width = element.parentElement?.clientWidth ?? 0;
    if (width === 0) return;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const tall = typeof height === "function" ? height() : height;
    element.width = Math.round(width * ratio);
    element.height = Math.round(tall * ratio);
    element.style.height = `${tall}px`;
    const pen = element.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = "12px system-ui, sans-serif";
    paint(pen, width, tall, colours());
  };
  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; repaint(); });
  };
  new ResizeObserver(ask).observe(fill(make("div", { class: "canvas" }), [element]));
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", repaint, { signal: lifetime.now.signal });
  }
  element.style.height = `${typeof height === "function" ? height() : height}px`;
  return { place: element.parentElement, element, repaint: ask };
}
