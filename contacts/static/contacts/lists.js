// On a telephone each row of a list is a card, and its labels are the heads of the columns. The theme would begin every word of
// them with a capital, and call the first cell “Select record”, whatever it holds.
document.addEventListener("DOMContentLoaded", () => {
  for (const list of document.querySelectorAll("#result_list")) {
    const heads = [...list.tHead.rows[0].cells].map((head) => head.querySelector(".text")?.textContent.trim());
    for (const cell of list.querySelectorAll("tr.data-row > [data-label]:not(.action-checkbox)")) {
      cell.dataset.label = heads[cell.cellIndex] || cell.dataset.label;
    }
    list.classList.add("is-labelled");
  }
  for (const cell of document.querySelectorAll(".field-tabular[data-label]")) {
    cell.dataset.label = cell.dataset.label.charAt(0).toUpperCase() + cell.dataset.label.slice(1);
  }
});
