// Copy buttons: the text of the snippet they stand beside.
document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) {
        return;
    }
    const text = button.parentElement.querySelector("pre").textContent;
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // Without https there is no clipboard for scripts: select the text, so that one key press copies it.
        const range = document.createRange();
        range.selectNodeContents(button.parentElement.querySelector("pre"));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand("copy");
    }
    const label = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 1500);
});

// A field that was just added stands open: closed, it is one line that says nothing. Its contents may still be moved
// about in this turn of the event loop, so it is opened in the next.
document.addEventListener("formset:added", (event) => {
    const row = event.target.closest("[x-data*=openRow]");
    if (row) {
        setTimeout(() => { window.Alpine.$data(row).openRow = true; });
    }
});
