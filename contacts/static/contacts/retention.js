// The page of retention: how much would go is counted while a length is typed, before anything is saved.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const WAIT_MS = 400;

  for (const input of document.querySelectorAll(".retention input[type=number]")) {
    const due = input.closest("li").querySelector("[data-due]");
    const [said, count] = [...due.children];
    const now = { said: said.textContent, count };
    let timer;
    let asked;

    input.addEventListener("input", () => {
      clearTimeout(timer);
      asked?.abort();
      if (input.value === input.defaultValue && input.checkValidity()) show(now.said, now.count);
      else timer = setTimeout(ask, WAIT_MS);
    });

    function show(sentence, what) {
      said.textContent = sentence;
      due.lastElementChild.replaceWith(what);
    }

    function tell(text) {
      const what = document.createElement("span");
      what.textContent = text;
      show(due.dataset.then, what);
    }

    async function ask() {
      if (!input.checkValidity()) return tell("–");
      tell("…");
      asked = new AbortController();
      const query = new URLSearchParams({ kind: input.name, [input.name]: input.value });
      try {
        const answer = await fetch(`${input.form.dataset.count}?${query}`, { signal: asked.signal });
        const told = await answer.json();
        tell(answer.ok ? told.due : told.error);
      } catch (error) {
        if (error.name !== "AbortError") tell("–");
      }
    }
  }
});
