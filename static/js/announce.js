// Says something in the live region: of the open dialog, or else of the page.
// Fired here as CustomEvent("announce", {detail: {text, quiet}}), and by the server in an HX-Trigger header.
// `quiet` when the page shows the same already, so that it is only read out.

function region() {
  return document.querySelector("dialog[open] .announcer") ?? document.querySelector("body > .announcer");
}

function clear() {
  for (const announcer of document.querySelectorAll(".announcer")) announcer.textContent = "";
}

function say(text, quiet) {
  const announcer = region();
  announcer.classList.toggle("visually-hidden", quiet);
  announcer.textContent = text;
}

document.addEventListener("announce", ({ detail }) => {
  clear();
  // Later, so that the same words twice are two changes, and a dialog that closes has closed.
  setTimeout(say, 50, detail.text, Boolean(detail.quiet));
});
document.addEventListener("htmx:beforeRequest", clear);
document.addEventListener("keydown", (event) => event.key === "Escape" && clear());
