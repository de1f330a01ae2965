// Choosing another type shows that type's fields at once: the form is posted with a mark that makes the server save nothing
// and draw the page again, and the fields of this one row are taken from the answer. Without JavaScript, saving does it.
document.addEventListener("change", async (event) => {
    const select = event.target;
    const name = select.dataset?.typedParams;
    if (!name || !select.form) {
        return;
    }
    // In an inline's cloned row the data attribute still says __prefix__; the select's own name does not.
    const own = select.name.replace(/[^-]+$/, "") + name.replace(/^.*-/, "");
    const target = document.getElementById(`id_${own}_fields`);
    const data = new FormData(select.form);
    data.set("_typed_params_reload", "1");
    target.style.opacity = "0.5";
    try {
        const answer = await fetch(select.form.action || window.location.href, { method: "POST", body: data });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fields = page.getElementById(target.id);
        if (fields) {
            target.innerHTML = fields.innerHTML;
            window.django?.jQuery(target).find(".unfold-admin-autocomplete").djangoCustomSelect2?.();
            target.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true })); // builders and editors begin on what is new
        }
    } finally {
        target.style.opacity = "";
    }
});
