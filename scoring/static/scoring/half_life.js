// Says under a half-life what ten points are worth after some days, as it is typed. The curve has the same shape for every
// half-life; only the days along it differ.
(() => {
    const show = (figure) => {
        const days = Number.parseInt(figure.parentElement.querySelector("input")?.value ?? "", 10);
        const fades = days > 0;
        const says = (words, times) => words.replaceAll(/\{(\d)\}/g, (_, age) => (times * age).toLocaleString(document.documentElement.lang || undefined));
        figure.querySelector("[data-fades]").textContent = fades ? says(figure.dataset.sentence, days) : "";
        for (const label of figure.querySelectorAll("[data-age]")) {
            label.textContent = fades ? says(`{${label.dataset.age}}`, days) : "";
        }
        figure.querySelector("[data-fades]").hidden = !fades;
        figure.querySelector("[data-stays]").hidden = fades;
        figure.querySelector("svg").toggleAttribute("hidden", !fades);
    };
    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-half-life]").forEach(show));
    document.addEventListener("input", (event) => {
        const figure = event.target.parentElement?.querySelector("[data-half-life]");
        if (figure) {
            show(figure);
        }
    });
})();
