// What is looked at stands in the address behind '#', so that a link leads there and a reload changes nothing:
// #row=17&q=is:failed&sort=-took

const listeners = [];

function fragment() {
  return new URLSearchParams(location.hash.slice(1));
}

function tellListeners() {
  for (const listener of listeners) listener();
}
addEventListener("hashchange", tellListeners);

export const address = {
  get: (name) => fragment().get(name) ?? "",

  set(changes) {
    const all = fragment();
    for (const [name, value] of Object.entries(changes)) {
      if (value === "" || value === null || value === undefined) all.delete(name);
      else all.set(name, String(value));
    }
    const text = all.toString();
    if (text === location.hash.slice(1)) return;
    // Replacing leaves the way back as short as it was.
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    tellListeners();
  },

  /** Nobody is told any more. */
  forget() {
    listeners.length = 0;
  },

  /** Called now and whenever the address says something else. */
  follow(listener) {
    listeners.push(listener);
    listener();
  },
};
