// Tabs over sections that are all in the page: without scripts they simply stand below each other.
"use strict";

for (const tabs of document.querySelectorAll("[data-tabs]")) {
  const buttons = [...tabs.querySelectorAll("[role=tab]")];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  const select = (chosen, { focus = false } = {}) => {
    for (const tab of buttons) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      panelOf(tab).hidden = !isChosen;
    }
    if (focus) chosen.focus();
  };

  const fromAddress = () => buttons.find((tab) => tab.hash === window.location.hash);

  tabs.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (!tab) return;
    event.preventDefault();
    history.replaceState(null, "", tab.hash);
    select(tab);
  });

  tabs.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    select(buttons[(to + buttons.length) % buttons.length], { focus: true });
  });

  window.addEventListener("hashchange", () => fromAddress() && select(fromAddress()));
  select(fromAddress() || buttons[0]);
}
