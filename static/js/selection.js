// How many rows are chosen: [data-selected-count] of the form that their checkboxes belong to.

function count() {
  const output = document.querySelector("[data-selected-count]");
  if (!output) return;
  const boxes = [...output.closest("form").elements].filter((element) => element.checked);
  output.textContent = `${boxes.length} selected`;
}

document.addEventListener("change", count);
document.addEventListener("htmx:afterSettle", count);
// Back may show a page whose boxes are still ticked.
addEventListener("pageshow", count);
