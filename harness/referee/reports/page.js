"use strict";
// Sorting the class, and folding. The page is whole without it, and keeps its order.

const table = document.getElementById("class");

function compare(one, other) {
  const numbers = one !== "" && other !== "" && !isNaN(one) && !isNaN(other);
  return numbers ? one - other : one.localeCompare(other, undefined, { numeric: true });
}

// Sort the rows by a column; rows that are equal keep the order that they had.
function sort(head, direction) {
  const at = [...head.parentNode.children].indexOf(head);
  const sign = direction === "descending" ? -1 : 1;
  const value = (row) => row.children[at].dataset.value;
  const rows = [...table.tBodies[0].rows];
  rows.sort((one, other) => sign * compare(value(one), value(other)));
  table.tBodies[0].append(...rows);
  for (const each of heads()) each.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", direction);
}

function heads() {
  return table ? [...table.querySelectorAll("th[data-column]")] : [];
}

function turn(head) {
  const now = head.getAttribute("aria-sort");
  const other = now === "ascending" ? "descending" : "ascending";
  const direction = now === "none" ? head.dataset.first : other;
  sort(head, direction);
  // The order stands in the address, so that it can be kept and sent to somebody.
  history.replaceState(null, "", "#by=" + head.dataset.column + "," + direction);
}

for (const head of heads()) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => turn(head));
  head.append(button);
  head.setAttribute("aria-sort", "none");
}

// Follow the address: to an order of the table, or to evidence within something folded.
function follow() {
  const place = decodeURIComponent(location.hash.slice(1));
  const [name, direction] = place.replace(/^by=/, "").split(",");
  const head = heads().find((each) => each.dataset.column === name);
  if (head && place.startsWith("by=")) sort(head, direction || head.dataset.first);
  const target = document.getElementById(place);
  for (const each of target?.matches("li") ? target.querySelectorAll("details") : []) {
    each.open = true;  // one check's evidence, not that of a whole submission
  }
  for (let each = target; each; each = each.parentElement) {
    if (each.tagName === "DETAILS") each.open = true;
  }
  if (target) target.scrollIntoView();
}

function fold(open) {
  for (const each of document.querySelectorAll("details")) each.open = open;
}

const unfold = document.getElementById("unfold");
unfold.hidden = false;
unfold.addEventListener("click", () => {
  const open = unfold.getAttribute("aria-pressed") !== "true";
  unfold.setAttribute("aria-pressed", String(open));
  unfold.textContent = open ? "Fold everything" : "Unfold everything";
  fold(open);
});

addEventListener("hashchange", follow);
addEventListener("beforeprint", () => fold(true));  // paper cannot be unfolded
follow();
