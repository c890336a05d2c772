// #call-rows: new calls come in among those that are there, while #tail is checked (poll.js asks for them).
// What is on the screen below the log's head stays where it is. A live region says at most every ten seconds how
// many there were.

const QUIET = 10_000;
const MOST = 500;

const body = () => document.getElementById("call-rows");
const moment = (row) => row.querySelector("time").dateTime;

let unsaid = 0;
let quietUntil = 0;

function say(text) {
  document.dispatchEvent(new CustomEvent("announce", { detail: { text, quiet: true } }));
}

function sayHowMany() {
  if (!unsaid || Date.now() < quietUntil) return;
  say(unsaid === 1 ? "1 new call" : `${unsaid} new calls`);
  quietUntil = Date.now() + QUIET;
  unsaid = 0;
}

function insert(row) {
  if (document.getElementById(row.id)) return false;
  const older = [...body().rows].find((each) => moment(each) < moment(row));
  row.classList.add("table__row--new");
  body().insertBefore(row, older ?? null);
  return row.id.startsWith("call-");
}

function insertAll(rows) {
  const read = [...body().rows].find((row) => row.getBoundingClientRect().bottom > 0);
  const top = read?.getBoundingClientRect().top;
  const isAbove = body().getBoundingClientRect().top < 0;
  unsaid += rows.filter(insert).length;
  if (isAbove && read) scrollBy({ top: read.getBoundingClientRect().top - top, behavior: "instant" });
}

function stopWhenLong() {
  if (body().rows.length < MOST) return;
  document.getElementById("tail").checked = false;
  say("The log is no longer followed: this page is long. Reload it to go on.");
}

document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (target !== body()) return;
  detail.parameters.newest = target.rows.length ? moment(target.rows[0]) : target.dataset.newest;
});
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (target !== body() || detail.xhr.status !== 200) return;
  detail.shouldSwap = false;
  const answer = document.createElement("template");
  answer.innerHTML = detail.serverResponse;
  insertAll([...answer.content.children].reverse());
  sayHowMany();
  stopWhenLong();
});
