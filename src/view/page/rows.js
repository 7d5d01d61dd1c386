// A list of any length of which only what is visible is in the page. Rows are of one height; all of them are told to a
// screen reader by their number. With the keyboard: arrows, Page Up and Down, Home and End choose a row, Enter opens it.

import { make, lifetime } from "./dom.js";

const printed = 1000;

export class Rows {
  /** columns: [{title, class, sort}], cells(item) -> array of nodes, open(item), id(item) */
  constructor({ label, columns, cells, open, height = 32, name, sorted }) {
    Object.assign(this, { columns, cells, open, height, name });
    this.items = [];
    this.chosen = -1;
    this.heads = columns.map((column) => make("div", { role: "columnheader", class: column.class ?? null },
      column.sort ? make("button", { type: "button", onclick: () => sorted(column.sort) }, column.title) : column.title));
    this.body = make("div", { role: "rowgroup", class: "rows" });
    this.space = make("div", { class: "space", role: "presentation" });
    this.grid = make("div", {
      class: `grid ${name}`, role: "grid", tabindex: "0", "aria-label": label, "aria-colcount": columns.length,
      onscroll: () => this.paint(), onkeydown: (event) => this.key(event),
    }, make("div", { role: "rowgroup", class: "head" }, make("div", { role: "row", "aria-rowindex": "1" }, this.heads)),
    this.space, this.body);
    new ResizeObserver(() => this.paint(true)).observe(this.grid);
    this.grid.list = this;
    const until = { signal: lifetime.now.signal };
    addEventListener("beforeprint", () => { this.printing = true; this.paint(true); }, until);
    addEventListener("afterprint", () => { this.printing = false; this.paint(true); }, until);
  }

  /** `sort`: the column's and "-" before it where it descends. */
  show(items, sort = "") {
    this.items = items;
    this.chosen = Math.min(this.chosen, items.length - 1);
    this.grid.setAttribute("aria-rowcount", String(items.length + 1));
    this.columns.forEach((column, i) => {
      if (!column.sort) return;
      const mine = sort.replace(/^-/, "") === column.sort;
      this.heads[i].setAttribute("aria-sort", !mine ? "none" : sort.startsWith("-") ? "descending" : "ascending");
    });
    this.paint(true);
  }

  choose(index, scroll = true) {
    this.chosen = index;
    if (index < 0) this.grid.removeAttribute("aria-activedescendant");
    const room = this.grid.clientHeight - this.height;
    const at = index * this.height;
    if (scroll && index >= 0 && at < this.grid.scrollTop) this.grid.scrollTop = at;
    if (scroll && index >= 0 && at + this.height > this.grid.scrollTop + room) {
      this.grid.scrollTop = at + this.height - room;
    }
    this.paint(true);
    if (index >= 0) this.grid.setAttribute("aria-activedescendant", `${this.name}-${index}`);
  }

  key(event) {
    if (event.target !== this.grid) return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / this.height) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps && this.items.length) {
      event.preventDefault();
      this.choose(Math.max(0, Math.min(this.items.length - 1, this.chosen + steps[event.key])));
    } else if (event.key === "Enter" && this.chosen >= 0) {
      event.preventDefault();
      this.open(this.items[this.chosen]);
    }
  }

  row(index) {
    const item = this.items[index];
    const cells = this.cells(item);
    const row = make("div", {
      role: "row", id: `${this.name}-${index}`, "aria-rowindex": index + 2, class: index === this.chosen ? "chosen" : null,
      "aria-selected": index === this.chosen ? "true" : null,
      onclick: () => { this.choose(index, false); this.open(item); },
    }, cells.map((cell, i) => make("div", { role: "gridcell", class: this.columns[i].class ?? null }, cell)));
    if (!this.printing) row.style.transform = `translateY(${index * this.height}px)`;
    return row;
  }

  paint(anew = false) {
    const all = this.items.length;
    const view = this.grid.clientHeight || 400;
    let first = Math.max(0, Math.floor(this.grid.scrollTop / this.height) - 8);
    let last = Math.min(all, Math.ceil((this.grid.scrollTop + view) / this.height) + 8);
    if (this.printing) [first, last] = [0, Math.min(all, printed)];
    if (!anew && first === this.first && last === this.last) return;
    [this.first, this.last] = [first, last];
    this.space.style.height = this.printing ? "0" : `${all * this.height}px`;
    const rows = [];
    for (let i = first; i < last; i++) rows.push(this.row(i));
    if (this.printing && all > printed) rows.push(make("p", {}, `... and ${all - printed} more`));
    this.body.replaceChildren(...rows);
  }
}
