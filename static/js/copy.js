// <button data-copy="#id-of-what-to-copy">: copies its text and says so, in the button and aloud.

const SHOWN_FOR = 4000;

async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    // No permission, or no clipboard outside https: select it, so that at least Ctrl+C works.
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}

function say(button, copied) {
  const label = button.querySelector("[data-copy-label]");
  label.textContent = copied ? "Copied!" : "Press Ctrl+C";
  clearTimeout(button.copyTimer);
  button.copyTimer = setTimeout(() => (label.textContent = "Copy"), SHOWN_FOR);
  const text = copied ? "Copied!" : "It could not be copied. It is selected: press Ctrl+C.";
  document.dispatchEvent(new CustomEvent("announce", { detail: { text, quiet: copied } }));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  const copied = await copy(source);
  say(button, copied);
  if (copied) source.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
});
