// What somebody has unfolded, scrolled to, chosen and focused: found again when the page is made anew with what is new.

const scrolled = ".grid, .canvas, .log, .wide, .command code";

/** An element, as it is found again: its section, what it looks like, and the how manieth of these it is. */
function placeOf(element) {
  const around = element.closest("section[id]");
  if (element.id) return { around: around?.id, like: `#${CSS.escape(element.id)}`, at: 0 };
  const like = [element.localName, ...element.classList].join(".");
  return { around: around?.id, like, at: [...(around ?? document).querySelectorAll(like)].indexOf(element) };
}

function found(place) {
  const around = place.around ? document.getElementById(place.around) : document;
  return around?.querySelectorAll(place.like)[place.at] ?? null;
}

/** A count at the beginning may have become larger. */
const foldName = (details) => `${details.closest("section[id]")?.id} ${details.querySelector("summary")?.textContent.replace(/^\d+×/, "")}`;

const keyOf = (item) => item?.row ?? item?.position;

/** Returns what brings it back. */
export function remember(root) {
  const folds = new Map([...root.querySelectorAll("details")].map((details) => [foldName(details), details.open]));
  const scrolls = [...root.querySelectorAll(scrolled)].filter((one) => one.scrollTop || one.scrollLeft)
    .map((one) => [placeOf(one), one.scrollTop, one.scrollLeft]);
  const chosen = [...root.querySelectorAll(".grid")].filter((one) => one.list?.chosen >= 0)
    .map((one) => [placeOf(one), keyOf(one.list.items[one.list.chosen])]);
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  const focus = active ? { place: placeOf(active), range: active.type === "search" ? [active.selectionStart, active.selectionEnd] : null } : null;
  const anchor = [...root.querySelectorAll("section[id]")].find((one) => one.getBoundingClientRect().bottom > 0);
  const above = anchor && scrollY > 0 ? anchor.getBoundingClientRect().top : null;
  return () => {
    for (const details of root.querySelectorAll("details")) {
      const open = folds.get(foldName(details));
      if (open !== undefined) details.open = open;
    }
    for (const [place, key] of chosen) {
      const list = found(place)?.list;
      const index = list?.items.findIndex((item) => keyOf(item) === key) ?? -1;
      if (index >= 0) list.choose(index, false);
    }
    for (const [place, top, left] of scrolls) {
      const element = found(place);
      if (element) Object.assign(element, { scrollTop: top, scrollLeft: left });
    }
    const again = focus ? found(focus.place) : null;
    again?.focus({ preventScroll: true });
    if (again && focus.range) again.setSelectionRange(...focus.range);
    const now = above === null ? null : document.getElementById(anchor.id);
    if (now) scrollBy({ top: now.getBoundingClientRect().top - above, behavior: "instant" });
  };
}
