// The progress of work in the background, an import say; when it ends, the page is loaded again for the result.
"use strict";

for (const host of document.querySelectorAll("[data-progress]")) {
  const ask = async () => {
    try {
      const said = await (await fetch(host.dataset.statusUrl)).json();
      host.querySelector("progress").value = said.percent;
      host.querySelector("[data-sentence]").textContent = said.sentence;
      if (!said.going) window.location.reload();
      else setTimeout(ask, 1000);
    } catch {
      setTimeout(ask, 5000);
    }
  };
  setTimeout(ask, 500);
}
