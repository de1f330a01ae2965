// What the builders of forms and of landing pages share: cards that are opened, moved by mouse and by keyboard, taken out and put
// back; and the preview beside them.
"use strict";

// `words` are its sentences, `titleOf` names a card, `show` draws what is the builder's own whenever anything has changed.
function baremeCards(root, { words, titleOf, show }) {
  const list = root.querySelector("[data-cards]");
  const live = root.querySelector("[data-live]");
  const later = baremePreview(root);
  const part = (card, name) => card.querySelector(`[data-${name}]`);
  const hidden = (card, name) => card.querySelector(`:scope > [name$="-${name}"]`);
  const cards = () => [...list.children];
  const isGone = (card) => hidden(card, "DELETE").value === "on";
  const present = () => cards().filter((card) => !isGone(card));
  const said = (sentence, values) => sentence.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  const named = (card) => ({ field: titleOf(card), name: titleOf(card) }); // one builder's sentences say field, the other's name

  function open(card, isOpen) {
    part(card, "body").hidden = !isOpen;
    part(card, "toggle").setAttribute("aria-expanded", String(isOpen));
    card.classList.toggle("is-open", isOpen);
  }

  function refresh() {
    cards().forEach((card, place) => {
      hidden(card, "position").value = place;
      card.classList.toggle("is-gone", isGone(card));
      part(card, "gone").hidden = !isGone(card);
      part(card, "gone-title").textContent = said(words.taken, named(card));
    });
    show();
    root.querySelector("[data-empty]").hidden = present().length > 0;
  }

  function changed() {
    refresh();
    later();
  }

  // A new card: at the end, or after another one.
  function add(template, total, after) {
    const holder = document.createElement("ol");
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
    const card = holder.firstElementChild;
    total.value = Number(total.value) + 1;
    if (after) after.after(card);
    else list.append(card);
    return card;
  }

  function move(card, step) {
    const all = present();
    const other = all[all.indexOf(card) + step];
    if (!other) return;
    if (step < 0) other.before(card);
    else other.after(card);
    changed();
    const place = present().indexOf(card) + 1;
    live.textContent = said(step < 0 ? words.up : words.down, { ...named(card), place, count: all.length });
  }

  function remove(card, gone) {
    hidden(card, "DELETE").value = gone ? "on" : "";
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
      drag(card);
    });
    if ("open" in card.dataset) open(card, true);
  }

  function drag(card) {
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
      document.removeEventListener("pointermove", follow);
      for (const name of ["pointerup", "pointercancel"]) document.removeEventListener(name, stop);
      card.classList.remove("is-dragged");
      changed();
    };
    // On the document: a card that is moved in the page loses what it had captured.
    document.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, stop);
  }

  list.addEventListener("input", changed);
  list.addEventListener("change", changed);
  return { part, cards, present, said, open, refresh, changed, add, arrange };
}

// Draws the form as it stands, a moment after it was changed; returns how to say that it was. What is drawn may run scripts, which
// show and hide what depends on answers, but in a sandbox without an origin: it reaches nothing of this page.
function baremePreview(root) {
  const WAIT_MS = 350;
  const form = root.closest("form");
  const frame = root.querySelector("[data-frame]");
  let timer;
  let asked = 0;

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

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  timer = setTimeout(draw);
  return later;
}
