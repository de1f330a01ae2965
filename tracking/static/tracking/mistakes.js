// What is wrong is told at the top of a long page; each line leads to its field, and the page begins at the first. Fields may
// stand in closed cards, under "More", or behind tabs: what hides one is opened first.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const note = document.querySelector("[data-mistakes]");
  if (!note) return;

  const NEAR = "[data-condition], [data-setting], .fb-setting, .field-line";
  const TABS = /^(activeTab|activeFieldsetTab) == '(.+)'$/;
  const CONTROLS = "input, select, textarea, button, [tabindex]";

  function reveal(target) {
    for (let part = target; part; part = part.parentElement) {
      if (part.matches("details")) part.open = true;
      const [, name, tab] = (part.getAttribute("x-show") || "").match(TABS) || [];
      if (tab) window.Alpine.$data(part)[name] = tab;
      if (part.matches("[data-card]") && part.querySelector("[data-body]").hidden) part.querySelector("[data-toggle]").click();
    }
  }

  const isSeen = (control) => control.getClientRects().length > 0 && control.type !== "hidden";

  // A control that is drawn by another one is hidden; so is one whose answer is given by ticks.
  function control(target) {
    if (target.matches(".select2-hidden-accessible")) return target.parentElement.querySelector(".select2-selection");
    if (target.matches(CONTROLS) && isSeen(target)) return target;
    const near = target.closest(NEAR) || target;
    return [...target.querySelectorAll(CONTROLS), ...near.querySelectorAll(CONTROLS)].find(isSeen);
  }

  function lead(link) {
    const id = link.hash.slice(1);
    const target = document.getElementById(id) || document.getElementById(`${id}_0`); // a day and its time are two
    if (!target) return false;
    reveal(target);
    setTimeout(() => { // what the tabs show is drawn in the next turn
      const found = control(target) || target;
      found.focus({ preventScroll: true });
      found.scrollIntoView({ block: "center" });
    });
    return true;
  }

  const links = [...note.querySelectorAll("a")];
  for (const link of links) {
    link.addEventListener("click", (event) => {
      if (lead(link)) event.preventDefault();
    });
  }

  function begin() {
    if (!links.some(lead)) note.focus();
  }
  if (window.Alpine?.version && document.body._x_dataStack) begin();
  else document.addEventListener("alpine:initialized", begin, { once: true });
});
