// The form builder: which settings a card shows, what a new field is called, and what depends on which answer. What cards do
// stands in cards.js. They are an ordinary formset: what is posted is what Django expects, and the server checks all of it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const root = document.querySelector("[data-builder]");
  if (!root) return;

  const CHOOSING = ["select", "radio", "checkboxes"];
  const TICKED = ["checkbox", "consent"];
  const SAYING = ["heading", "paragraph"];
  const words = JSON.parse(document.getElementById("fb-words").textContent);
  const palette = JSON.parse(document.getElementById("fb-palette").textContent);
  const icons = JSON.parse(document.getElementById("fb-icons").textContent);
  const list = root.querySelector("[data-cards]");
  const template = root.querySelector("[data-template]");
  const total = root.querySelector(`[name=${root.dataset.prefix}-TOTAL_FORMS]`);
  const form = root.closest("form");

  const input = (card, name) => card.querySelector(`[name$="-${name}"]`);
  const value = (card, name) => input(card, name)?.value.trim() ?? "";
  const typeName = (card) => input(card, "type").selectedOptions[0]?.textContent ?? "";
  const titleOf = (card) => value(card, "label") || typeName(card);
  const { part, cards, present, said, open, refresh, changed, ...shared } = baremeCards(root, { words, titleOf, show: showAll });

  // --- one card ---------------------------------------------------------------------------------------------------

  function show(card) {
    const type = value(card, "type");
    for (const setting of card.querySelectorAll("[data-for]")) {
      setting.hidden = !setting.dataset.for.split(" ").includes(type);
    }
    part(card, "icon").textContent = icons[type] || "short_text";
    part(card, "title").textContent = titleOf(card);
    const notes = [typeName(card)];
    if (input(card, "required").checked && !SAYING.includes(type) && type !== "hidden") notes.push(words.required);
    const before = cards().find((other) => other !== card && value(other, "key") === value(card, "depends_on"));
    if (value(card, "depends_on") && before) notes.push(said(words.if, { field: titleOf(before) }));
    part(card, "note").textContent = notes.join(" · ");
  }

  function slug(text) {
    const plain = text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
    return plain.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 46) || "field";
  }

  // A new field is named after its label until somebody names it otherwise; what depends on it follows.
  function name(card) {
    if (!("new" in card.dataset) || "named" in card.dataset || SAYING.includes(value(card, "type"))) return;
    rename(card, free(card, slug(titleOf(card))));
  }

  function free(card, wanted) {
    const taken = new Set(cards().filter((other) => other !== card).map((other) => value(other, "key")));
    let key = wanted;
    for (let number = 2; taken.has(key); number += 1) key = `${wanted}_${number}`;
    return key;
  }

  function rename(card, key) {
    const before = card.dataset.key;
    input(card, "key").value = key;
    card.dataset.key = key;
    for (const other of cards()) {
      if (before && value(other, "depends_on") === before) input(other, "depends_on").value = key;
    }
  }

  // --- conditions -------------------------------------------------------------------------------------------------

  function answersOf(card) {
    const type = value(card, "type");
    if (CHOOSING.includes(type)) return value(card, "choices").split("\n").map((line) => line.trim()).filter(Boolean);
    if (type !== "scale") return [];
    const first = Number(value(card, "minimum") || 1);
    const last = Number(value(card, "maximum") || 5);
    return Array.from({ length: Math.max(0, Math.min(11, last - first + 1)) }, (_, step) => String(first + step));
  }

  function showCondition(card) {
    const select = part(card, "depends");
    const chosen = value(card, "depends_on");
    const earlier = [];
    for (const other of present()) {
      if (other === card) break;
      if (value(other, "key") && ![...SAYING, "file"].includes(value(other, "type"))) earlier.push(other);
    }
    const options = [new Option(words.choose, "")];
    for (const other of earlier) options.push(new Option(titleOf(other), value(other, "key")));
    if (chosen && !earlier.some((other) => value(other, "key") === chosen)) options.push(new Option(chosen, chosen));
    select.replaceChildren(...options);
    select.value = chosen;
    const before = earlier.find((other) => value(other, "key") === chosen);
    const how = input(card, "depends_how");
    const ticked = before && TICKED.includes(value(before, "type"));
    for (const option of how.options) option.hidden = option.disabled = Boolean(ticked) && ["is", "is_not"].includes(option.value);
    if (ticked && ["is", "is_not"].includes(how.value)) how.value = "filled";
    part(card, "how").hidden = !chosen;
    const wants = Boolean(chosen) && ["is", "is_not"].includes(how.value);
    part(card, "values").hidden = !wants;
    if (wants) showChoices(card, before ? answersOf(before) : []);
  }

  function showChoices(card, answers) {
    const box = part(card, "choices");
    const lines = input(card, "depends_values");
    box.hidden = !answers.length;
    lines.hidden = Boolean(answers.length);
    const chosen = new Set(lines.value.split("\n").map((line) => line.trim()));
    if (box.dataset.answers === JSON.stringify(answers)) { // drawn already, perhaps with the focus in it
      for (const tick of box.querySelectorAll("input")) tick.checked = chosen.has(tick.value);
      return;
    }
    box.dataset.answers = JSON.stringify(answers);
    box.replaceChildren(...answers.map((answer) => {
      const label = document.createElement("label");
      const tick = Object.assign(document.createElement("input"), { type: "checkbox", value: answer, checked: chosen.has(answer) });
      tick.addEventListener("input", () => {
        lines.value = [...box.querySelectorAll("input:checked")].map((one) => one.value).join("\n");
      });
      label.append(tick, answer);
      return label;
    }));
  }

  // --- all cards --------------------------------------------------------------------------------------------------

  function showAll() {
    for (const card of cards()) show(card);
    for (const card of present()) showCondition(card);
  }

  function add(values, after) {
    const card = shared.add(template, total, after);
    for (const [field, text] of Object.entries(values)) {
      const control = input(card, field);
      if (control?.type === "checkbox") control.checked = Boolean(text);
      else if (control) control.value = text;
    }
    if (values.key) { // it has a name of its own, in every language
      rename(card, free(card, values.key));
      card.dataset.named = "";
    }
    return card;
  }

  function choose(rows) {
    const language = form.querySelector("[name=language]")?.value || document.documentElement.lang;
    const made = rows.map(({ labels, ...row }) => add({ required: false, ...(labels && { label: labels[language] || labels.en }), ...row }));
    for (const card of made) {
      name(card);
      arrange(card);
    }
    for (const card of cards()) if (!part(card, "body").hidden) open(card, false);
    changed();
    const last = made[made.length - 1];
    if (made.length === 1) open(last, true);
    last.scrollIntoView({ block: "nearest" });
    (made.length === 1 ? input(last, "label") : part(last, "toggle")).focus();
    if (made.length === 1) input(last, "label").select();
  }

  function double(card) {
    const values = {};
    for (const control of card.querySelectorAll("input, select, textarea")) {
      const field = control.name.replace(/^.*-/, "");
      if (["id", "position", "DELETE", "key", "form", "kinds"].includes(field) || !control.name) continue;
      values[field] = control.type === "checkbox" ? control.checked : control.value;
    }
    const made = add(values, card);
    for (const tick of card.querySelectorAll('[name$="-kinds"]')) {
      made.querySelector(`[name$="-kinds"][value="${tick.value}"]`).checked = tick.checked;
    }
    name(made);
    arrange(made);
    changed();
    open(made, true);
    input(made, "label").focus();
  }

  // --- what a card listens to -------------------------------------------------------------------------------------

  function arrange(card) {
    card.dataset.key = value(card, "key");
    shared.arrange(card);
    part(card, "double").addEventListener("click", () => double(card));
    part(card, "depends").addEventListener("input", (event) => {
      event.stopPropagation(); // what hears of it next draws these options anew
      input(card, "depends_on").value = event.target.value;
      input(card, "depends_values").value = "";
      changed();
    });
    input(card, "key").addEventListener("change", () => {
      card.dataset.named = "";
      rename(card, value(card, "key"));
      changed();
    });
    input(card, "label").addEventListener("input", () => name(card));
  }

  // --- the preview is as high as the form -------------------------------------------------------------------------

  const frame = root.querySelector("[data-frame]");
  window.addEventListener("message", (event) => {
    if (event.source === frame.contentWindow && event.data?.bareme === "height") {
      frame.style.height = `${Math.min(2400, Math.ceil(Number(event.data.height)) + 4)}px`;
    }
  });

  // --- begin ------------------------------------------------------------------------------------------------------

  for (const button of root.querySelectorAll("[data-add]")) {
    button.addEventListener("click", () => {
      const [group, card] = button.dataset.add.split(" ");
      choose(palette[Number(group)].cards[Number(card)].rows);
    });
  }
  const place = (card) => Number(value(card, "position")) || 0;
  list.append(...cards().sort((one, other) => place(one) - place(other))); // a page with errors has them as they were sent
  for (const card of cards()) {
    arrange(card);
    if (!value(card, "key") && !SAYING.includes(value(card, "type"))) card.dataset.new = "";
  }
  refresh();
});
