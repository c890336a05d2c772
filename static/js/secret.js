// A value that is shown once, [data-secret]: selected when it gets focus, gone when the page goes.

document.addEventListener("focusin", ({ target }) => {
  if (target.matches("[data-secret]")) getSelection().selectAllChildren(target);
});

// Copied with the button or by hand, it needs no question before the dialog closes.
function wasCopied({ target }) {
  const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
  if (element?.closest("[data-secret]")) document.querySelector("[data-before-closing]")?.remove();
}
document.addEventListener("copied", wasCopied);
document.addEventListener("copy", wasCopied);

// The browser may keep the page for Back; the value must not be in it.
addEventListener("pagehide", () => {
  for (const secret of document.querySelectorAll("[data-secret]")) secret.textContent = "";
  document.querySelector("dialog[open]")?.close();
});
