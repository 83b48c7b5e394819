// Up, Down, Home and End go through a list; Tab still goes on from wherever one is.

const STEPS = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

// `items()` in their order; `enter`: where the arrows begin when the focus is on none of them, -1 is the last.
export function goThrough(box, items, enter = 0) {
  box.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.matches("input, textarea, select, button, summary")) return;
    const all = items();
    if (!all.length) return;
    const at = all.findIndex((item) => item.contains(event.target));
    if (at < 0 && !Number.isFinite(step)) return; // Home and End of the box itself
    const wanted = at < 0 ? (enter < 0 ? all.length + enter : enter) : at + step;
    event.preventDefault();
    const item = all[Math.max(0, Math.min(all.length - 1, wanted))];
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
  });
}
