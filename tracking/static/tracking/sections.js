// The builder of landing pages: sections as cards, moved by mouse and by keyboard; images added in passing; the preview beside.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const root = document.querySelector("[data-sections]");
  if (!root) return;

  const WAIT_MS = 350;
  const words = JSON.parse(document.getElementById("pb-words").textContent);
  const list = root.querySelector("[data-cards]");
  const total = root.querySelector("[data-total]");
  const live = root.querySelector("[data-live]");
  const form = root.closest("form");
  const part = (card, name) => card.querySelector(`[data-${name}]`);
  const cards = () => [...list.children];
  const isGone = (card) => part(card, "delete").value === "on";
  const present = () => cards().filter((card) => !isGone(card));
  const said = (sentence, values) => sentence.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

  function titleOf(card) {
    const texts = [...card.querySelectorAll("[data-body] input[type=text], [data-body] textarea")];
    return (texts.find((one) => one.value.trim())?.value.trim() || card.dataset.label).slice(0, 80);
  }

  function open(card, isOpen) {
    part(card, "body").hidden = !isOpen;
    part(card, "toggle").setAttribute("aria-expanded", String(isOpen));
    card.classList.toggle("is-open", isOpen);
  }

  function refresh() {
    cards().forEach((card, place) => {
      part(card, "position").value = place;
      part(card, "title").textContent = titleOf(card);
      card.classList.toggle("is-gone", isGone(card));
      part(card, "gone").hidden = !isGone(card);
      part(card, "gone-title").textContent = said(words.taken, { name: titleOf(card) });
    });
    root.querySelector("[data-empty]").hidden = present().length > 0;
  }

  function changed() {
    refresh();
    later();
  }

  function add(key) {
    const holder = document.createElement("ol");
    const template = root.querySelector(`[data-template="${key}"]`);
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
    const card = holder.firstElementChild;
    total.value = Number(total.value) + 1;
    list.append(card);
    arrange(card);
    for (const other of cards()) open(other, other === card);
    changed();
    card.scrollIntoView({ block: "nearest" });
    part(card, "body").querySelector("input, select, textarea").focus();
  }

  function move(card, step) {
    const all = present();
    const other = all[all.indexOf(card) + step];
    if (!other) return;
    if (step < 0) other.before(card);
    else other.after(card);
    changed();
    const place = present().indexOf(card) + 1;
    live.textContent = said(step < 0 ? words.up : words.down, { name: titleOf(card), place, count: all.length });
  }

  function remove(card, gone) {
    part(card, "delete").value = gone ? "on" : "";
    open(card, false);
    changed();
    part(card, gone ? "back" : "toggle").focus();
  }

  function arrange(card) {
    part(card, "toggle").addEventListener("click", () => open(card, part(card, "body").hidden));
    for (const button of card.querySelectorAll("[data-move]")) {
      button.addEventListener("click", () => { move(card, Number(button.dataset.move)); button.focus(); });
    }
    part(card, "remove").addEventListener("click", () => remove(card, true));
    part(card, "back").addEventListener("click", () => remove(card, false));
    card.addEventListener("keydown", (event) => {
      if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key) || event.target.closest("[data-body]")) return;
      event.preventDefault();
      move(card, event.key === "ArrowUp" ? -1 : 1);
      event.target.focus();
    });
    part(card, "handle").addEventListener("pointerdown", (event) => {
      event.preventDefault();
      card.classList.add("is-dragged");
      const follow = (moved) => {
        const next = present().filter((other) => other !== card).find((other) => {
          const box = other.getBoundingClientRect();
          return moved.clientY < box.top + box.height / 2;
        });
        if (next) next.before(card);
        else list.append(card);
      };
      const stop = () => {
        for (const name of ["pointerup", "pointercancel"]) document.removeEventListener(name, stop);
        document.removeEventListener("pointermove", follow);
        card.classList.remove("is-dragged");
        changed();
      };
      document.addEventListener("pointermove", follow);
      for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, stop);
    });
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
  let timer;
  let asked = 0;
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

  async function draw() {
    asked += 1;
    const mine = asked;
    const data = new FormData(form);
    for (const [name, value] of [...data.entries()]) if (value instanceof File) data.delete(name);
    try {
      const answer = await fetch(root.dataset.preview, { method: "POST", body: data });
      if (answer.ok && mine === asked) frame.srcdoc = await answer.text();
    } catch { /* the last preview stays */ }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(draw, WAIT_MS);
  }

  // --- begin --------------------------------------------------------------------------------------------------------

  for (const button of root.querySelectorAll("[data-add]")) button.addEventListener("click", () => add(button.dataset.add));
  for (const card of cards()) {
    arrange(card);
    if ("open" in card.dataset) open(card, true);
  }
  list.addEventListener("input", changed);
  list.addEventListener("change", changed);
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  refresh();
  fit();
  draw();
});
