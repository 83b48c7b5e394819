// Three sentences for a first visit, about whom one acts as; the "?" brings them back.

const button = document.getElementById("help");
const welcome = document.getElementById("welcome");
const KEPT = "welcomed";

function remember(value) {
  try {
    if (value === undefined) return localStorage.getItem(KEPT);
    localStorage.setItem(KEPT, value);
  } catch {
    // A browser that keeps nothing explains itself again.
  }
  return null;
}

export const explains = () => !welcome.hidden;

export function explain(open) {
  const focused = welcome.contains(document.activeElement);
  welcome.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
  if (open) return welcome.focus();
  remember("yes");
  if (focused) button.focus();
}

// The sentences are for whoever one is now.
export function explainTo(person) {
  const role = person?.pretend ? "pretend" : person?.role || "participant";
  welcome.querySelector("[data-me]").textContent = person?.name ?? "";
  for (const each of welcome.querySelectorAll("[data-for]")) each.hidden = each.dataset.for !== role;
}

export function startHelp() {
  const first = remember() !== "yes";
  welcome.hidden = !first;
  button.setAttribute("aria-expanded", String(first));
  button.addEventListener("click", () => explain(!explains()));
  document.getElementById("welcome-done").addEventListener("click", () => explain(false));
  welcome.addEventListener("keydown", (event) => event.key === "Escape" && explain(false));
}
