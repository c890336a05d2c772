// [data-tabs] with [data-tab="Label"] children becomes tabs; without this script all of them are in view.

function show(tab) {
  for (const each of tab.parentElement.children) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", chosen);
    each.tabIndex = chosen ? 0 : -1;
    document.getElementById(each.getAttribute("aria-controls")).hidden = !chosen;
  }
}

function tabFor(panel) {
  const tab = document.createElement("button");
  tab.type = "button";
  tab.id = `${panel.id}-tab`;
  tab.textContent = panel.dataset.tab;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", panel.id);
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  panel.querySelector("[data-tab-heading]").hidden = true;
  return tab;
}

function build(container) {
  const list = document.createElement("div");
  list.className = "tab-list";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", container.dataset.tabs);
  list.append(...[...container.querySelectorAll("[data-tab]")].map(tabFor));
  container.prepend(list);
  show(list.firstElementChild);
}

const STEPS = {
  ArrowRight: (tab) => tab.nextElementSibling ?? tab.parentElement.firstElementChild,
  ArrowLeft: (tab) => tab.previousElementSibling ?? tab.parentElement.lastElementChild,
  Home: (tab) => tab.parentElement.firstElementChild,
  End: (tab) => tab.parentElement.lastElementChild,
};

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest("[role=tab]");
  const next = tab && STEPS[event.key]?.(tab);
  if (!next) return;
  event.preventDefault();
  show(next);
  next.focus();
});
document.addEventListener("click", ({ target }) => {
  const tab = target.closest("[role=tab]");
  if (tab) show(tab);
});

function buildAll(root) {
  root.querySelectorAll("[data-tabs]:not(:has(> [role=tablist]))").forEach(build);
}
document.addEventListener("htmx:afterSwap", ({ target }) => buildAll(target));
buildAll(document);
