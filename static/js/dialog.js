// The one dialog of a page. htmx fills it, which opens it; an empty answer, Esc or [data-close] closes it.
// Focus goes back to what opened it or, when that is gone or hidden, to the element that its data-return names.

const dialog = document.getElementById("dialog");
const body = document.getElementById("dialog-body");
let opener = null;

function fill() {
  if (!body.firstElementChild) return dialog.close();
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  body.querySelector("[autofocus]")?.focus();
}

// A fragment with [data-before-closing] has something to say first, once.
function askToClose() {
  const question = dialog.querySelector("[data-before-closing][hidden]");
  if (!question) return dialog.close();
  question.hidden = false;
  question.scrollIntoView({ block: "nearest" });
  question.querySelector("button").focus();
}

function forget() {
  body.replaceChildren();
  const next = opener?.checkVisibility() ? opener : document.getElementById(opener?.dataset.return);
  next?.focus();
  opener = null;
}

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.target === body && !dialog.open) opener = detail.requestConfig.triggeringEvent?.submitter ?? detail.elt;
});
document.addEventListener("htmx:afterSwap", ({ detail }) => detail.target === body && fill());

dialog.addEventListener("close", forget);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  askToClose();
});
dialog.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  event.preventDefault();
  askToClose();
});
