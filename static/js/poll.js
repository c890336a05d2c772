// [data-poll="400"] with hx-trigger="poll": htmx asks for its answer every so many milliseconds.
//   data-poll-if="…"        only while this selector finds something,
//   data-poll-unless="…"    and this one nothing
//   data-poll-minutes="10"  not longer than that,
//   data-poll-ended="…"     and then this text takes its place
// Never while the page is hidden. hx-sync="this:drop" keeps requests from piling up.

const started = new WeakSet();

function isWanted({ dataset: { pollIf, pollUnless } }) {
  const found = (selector) => document.querySelector(selector);
  return document.visibilityState === "visible" && (!pollIf || found(pollIf)) && !(pollUnless && found(pollUnless));
}

function end(element) {
  const { pollEnded } = element.dataset;
  element.removeAttribute("data-poll");
  if (pollEnded) element.textContent = pollEnded;
}

function start(element) {
  const last = performance.now() + Number(element.dataset.pollMinutes ?? Infinity) * 60_000;
  const timer = setInterval(() => {
    if (performance.now() > last) end(element);
    if (!element.isConnected || !element.matches("[data-poll]")) return clearInterval(timer);
    if (isWanted(element)) htmx.trigger(element, "poll");
  }, Number(element.dataset.poll));
}

function startAll() {
  for (const element of document.querySelectorAll("[data-poll]")) {
    if (!started.has(element)) start(element);
    started.add(element);
  }
}
document.addEventListener("htmx:afterSwap", startAll);
startAll();

// Nobody asked for these: they neither take away what was said last, nor complain, nor lead away from the page.
for (const name of ["beforeRequest", "responseError", "sendError", "timeout"]) {
  const hush = (event) => event.target.matches("[data-poll]") && event.stopPropagation();
  document.addEventListener(`htmx:${name}`, hush, true);
}
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { status } = event.detail.xhr;
  const isOver = (status >= 400 && status < 500) || event.detail.xhr.getResponseHeader("HX-Redirect");
  if (!isOver || !event.target.matches("[data-poll]")) return;
  event.preventDefault();
  end(event.target);
});
