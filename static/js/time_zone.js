// [data-time-zone="id of a select"]: offers the browser's own time zone when another one is chosen.

const hint = document.querySelector("[data-time-zone]");
const select = document.getElementById(hint.dataset.timeZone);
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const option = [...select.options].find(({ value }) => value === here);

function compare() {
  hint.hidden = !option || select.value === here;
}

if (option) hint.querySelector("strong").textContent = option.textContent;
hint.querySelector("button").addEventListener("click", () => {
  select.value = here;
  compare();
  select.focus();
});
select.addEventListener("change", compare);
compare();
