// Talking to the server: one function that asks for something to be done, and what is said when it cannot be.

const csrf = document.querySelector('meta[name="csrf"]').content;
const toast = document.getElementById("toast");
const live = document.getElementById("live");
let hiding = 0;

export async function post(path, body) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Csrf-Token": csrf },
      body: JSON.stringify(body),
    });
  } catch {
    complain("The bot cannot be reached. Is it still running?");
    return null;
  }
  if (!response.ok) {
    complain(response.status < 500 ? await response.text() : "Something went wrong on the way. Please try again.");
    return null;
  }
  return response.json();
}

export async function fetchState(me) {
  const response = await fetch(`/api/state?as=${encodeURIComponent(me)}`).catch(() => null);
  return response?.ok ? response.json() : null;
}

export function complain(text) {
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (toast.hidden = true), 6000);
}

export function announce(text) {
  live.textContent = text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
