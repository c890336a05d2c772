// What htmx could not put on the page is said aloud and shown, never lost.

const REMEDIES = {
  0: "The server could not be reached. Nothing you typed is lost: check your connection and try again.",
  403: "This page is out of date. Reload it and try again.",
  404: "That does not exist any more. Reload the page to see what does.",
  429: "That was too often in a short time. Wait a minute and try again.",
};
const OTHERWISE = "The server could not do that just now. Nothing you typed is lost: try again in a moment.";

function tell({ detail }) {
  const text = REMEDIES[detail.xhr.status] ?? OTHERWISE;
  document.dispatchEvent(new CustomEvent("announce", { detail: { text } }));
}

for (const failure of ["responseError", "sendError", "timeout"]) {
  document.addEventListener(`htmx:${failure}`, tell);
}
