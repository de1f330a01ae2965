// The builder of landing pages: sections, images added in passing, and a preview as wide as a desktop or a phone. What cards do
// stands in cards.js.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const root = document.querySelector("[data-sections]");
  if (!root) return;

  const words = JSON.parse(document.getElementById("pb-words").textContent);
  const list = root.querySelector("[data-cards]");
  const total = root.querySelector("[data-total]");
  const form = root.closest("form");
  const { part, cards, open, refresh, changed, ...shared } = baremeCards(root, { words, titleOf, show });

  function titleOf(card) {
    const texts = [...card.querySelectorAll("[data-body] input[type=text], [data-body] textarea")];
    return (texts.find((one) => one.value.trim())?.value.trim() || card.dataset.label).slice(0, 80);
  }

  function show() {
    for (const card of cards()) part(card, "title").textContent = titleOf(card);
  }

  function add(key) {
    const card = shared.add(root.querySelector(`[data-template="${key}"]`), total);
    shared.arrange(card);
    for (const other of cards()) open(other, other === card);
    changed();
    card.scrollIntoView({ block: "nearest" });
    part(card, "body").querySelector("input, select, textarea").focus();
  }

  // --- images -------------------------------------------------------------------------------------------------------

  const file = root.querySelector("[data-file]");
  const told = root.querySelector("[data-uploaded]");
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    const data = new FormData();
    data.append("file", file.files[0]);
    data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    told.textContent = "…";
    try {
      const answer = await fetch(root.dataset.upload, { method: "POST", body: data });
      const image = await answer.json();
      told.textContent = answer.ok ? image.said : image.error;
      if (answer.ok) offer(image);
    } catch {
      told.textContent = words.failed;
    }
    file.value = "";
  });

  // A new image can be chosen everywhere; the card that is open gets it where it has none.
  function offer(image) {
    const selects = [...document.querySelectorAll("select[data-images], #id_logo, #id_share_image")];
    for (const template of root.querySelectorAll("template")) selects.push(...template.content.querySelectorAll("select[data-images]"));
    for (const select of selects) select.append(new Option(image.name, image.id));
    const empty = list.querySelector(".is-open select[data-images]");
    if (empty && !empty.value) empty.value = image.id;
    changed();
  }

  // --- the preview --------------------------------------------------------------------------------------------------

  const frame = root.querySelector("[data-frame]");
  const stage = root.querySelector("[data-stage]");
  let width = 1200;

  function fit() {
    const scale = Math.min(1, root.querySelector(".pb-preview").clientWidth * 0.94 / width);
    stage.style.width = `${width * scale}px`;
    frame.style.width = `${width}px`;
    frame.style.transform = `scale(${scale})`;
    frame.style.height = `${100 / scale}%`;
  }

  for (const button of root.querySelectorAll("[data-width]")) {
    button.addEventListener("click", () => {
      width = Number(button.dataset.width);
      for (const other of root.querySelectorAll("[data-width]")) other.setAttribute("aria-pressed", String(other === button));
      fit();
    });
  }
  new ResizeObserver(fit).observe(root.querySelector(".pb-preview"));

  // --- begin --------------------------------------------------------------------------------------------------------

  for (const button of root.querySelectorAll("[data-add]")) button.addEventListener("click", () => add(button.dataset.add));
  for (const card of cards()) shared.arrange(card);
  refresh();
  fit();
});
