// Says something in the live region: of the open dialog, or else of the page.
// Fired here as CustomEvent("announce", {detail: {text}}), and by the server in an HX-Trigger header.

function region() {
  return document.querySelector("dialog[open] .announcer") ?? document.querySelector("body > .announcer");
}

function clear() {
  for (const announcer of document.querySelectorAll(".announcer")) announcer.textContent = "";
}

document.addEventListener("announce", (event) => {
  clear();
  // Later, so that the same words twice are two changes, and a dialog that closes has closed.
  setTimeout(() => (region().textContent = event.detail.text), 50);
});
document.addEventListener("htmx:beforeRequest", clear);
document.addEventListener("keydown", (event) => event.key === "Escape" && clear());
