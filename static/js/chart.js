// [data-chart]: its bars can be read with the pointer, a finger or the arrow keys, in one line below them.
// The words come from the rows of its table, one a bar; without this script the table itself is there.

function option(row) {
  const place = document.createElement("span");
  place.setAttribute("role", "option");
  place.setAttribute("aria-label", row.dataset.readout);
  place.setAttribute("aria-selected", "false");
  place.tabIndex = -1;
  return place;
}

function build(chart) {
  const reader = document.createElement("div");
  reader.className = "chart__reader";
  reader.setAttribute("role", "listbox");
  reader.setAttribute("aria-orientation", "horizontal");
  reader.setAttribute("aria-labelledby", chart.querySelector("figcaption").id);
  reader.append(...[...chart.querySelectorAll("[data-readout]")].map(option));
  reader.lastElementChild.tabIndex = 0;
  chart.querySelector("[data-chart-frame]").append(reader);
  chart.querySelector("[data-chart-readout]").hidden = false;
}

function read(place) {
  place.closest("[data-chart]").querySelector("[data-chart-readout]").textContent = place.ariaLabel;
}

function choose(place) {
  for (const each of place.parentElement.children) {
    each.tabIndex = each === place ? 0 : -1;
    each.setAttribute("aria-selected", each === place);
  }
  read(place);
}

const placeAt = ({ target }) => target.closest?.(".chart__reader > [role=option]");

const STEPS = {
  ArrowRight: (place) => place.nextElementSibling,
  ArrowLeft: (place) => place.previousElementSibling,
  Home: (place) => place.parentElement.firstElementChild,
  End: (place) => place.parentElement.lastElementChild,
};

document.addEventListener("keydown", (event) => {
  const place = placeAt(event);
  if (!place || !(event.key in STEPS)) return;
  event.preventDefault();
  STEPS[event.key](place)?.focus();
});
document.addEventListener("focusin", (event) => placeAt(event) && choose(placeAt(event)));
document.addEventListener("pointerover", (event) => placeAt(event) && read(placeAt(event)));
document.addEventListener("pointerout", (event) => {
  const chosen = placeAt(event)?.parentElement.querySelector("[aria-selected=true]");
  if (chosen) read(chosen);
});

// Opened, the table may be wider than the window, and is scrolled with the keys.
function letScroll({ target }) {
  if (target.matches(".chart__switch")) target.nextElementSibling.tabIndex = target.open ? 0 : -1;
}
document.addEventListener("toggle", letScroll, true);

function buildAll() {
  document.querySelectorAll("[data-chart]:not(:has(.chart__reader))").forEach(build);
}
document.addEventListener("htmx:afterSwap", buildAll);
buildAll();
