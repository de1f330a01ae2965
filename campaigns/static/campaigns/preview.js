// The live preview below an email or SMS form: what is typed is drawn by the server a moment later.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const WAIT_MS = 400;
  for (const panel of document.querySelectorAll("[data-preview]")) {
    const form = document.querySelector("#content form[method=post], form[id$=_form]");
    const part = (name) => panel.querySelector(`[data-preview-${name}]`);
    if (!form) continue;
    let timer, asked = 0;

    const show = (said) => {
      part("errors").hidden = !said.errors;
      part("errors").textContent = (said.errors || []).join(" ");
      if (said.errors) return;
      part("text").textContent = said.text;
      if (part("title")) part("title").textContent = said.title || "";
      if (part("length")) part("length").textContent = said.length || "";
      if (part("html")) part("html").srcdoc = said.html || "";
    };

    const draw = async () => {
      const mine = ++asked;
      const data = new FormData(form);
      data.set("preview_contact", part("contact").value);
      try {
        const answer = await fetch(panel.dataset.url, { method: "POST", body: data });
        const said = await answer.json();
        if (mine === asked) show(said);
      } catch {
        show({ errors: [panel.dataset.failed] });
      }
    };

    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(draw, WAIT_MS);
    };
    form.addEventListener("input", later);
    part("contact").addEventListener("change", draw);
    draw();
  }
});
