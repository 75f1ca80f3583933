"use strict";
// Sorting and filtering of the tables. Without this script the page shows everything in its own order.
(() => {
  const collator = new Intl.Collator("en", { numeric: true });
  const next = { none: "ascending", ascending: "descending", descending: "none" };

  const compare = (a, b, sign) => {
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined); // nothing to show comes last both ways
    const x = Number(a), y = Number(b);
    return sign * (a !== "" && b !== "" && !Number.isNaN(x - y) ? x - y : collator.compare(a, b));
  };

  const setUp = (block) => {
    const table = block.querySelector("table"), form = block.querySelector("form"), heads = [...table.tHead.rows[0].cells];
    const bodies = [...table.tBodies];
    const rows = bodies.flatMap((body) => [...body.rows].map((row) => ({ row, body, text: row.textContent.toLowerCase() })));

    const sort = (head) => {
      const order = next[head.getAttribute("aria-sort")], column = heads.indexOf(head);
      heads.forEach((each) => each.setAttribute("aria-sort", each === head ? order : "none"));
      if (order === "none") return rows.forEach(({ row, body }) => body.append(row));
      const sign = order === "ascending" ? 1 : -1;
      const key = (each) => each.row.cells[column].dataset.sort;
      [...rows].sort((a, b) => compare(key(a), key(b), sign)).forEach(({ row }) => bodies[0].append(row));
    };

    const filter = () => {
      const words = form.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = [...form.querySelectorAll("select")].filter((each) => each.value !== "");
      let shown = 0;
      for (const { row, text } of rows) {
        const fits = words.every((word) => text.includes(word));
        row.hidden = !(fits && wanted.every((each) => row.cells[each.dataset.column].dataset.sort === each.value));
        shown += !row.hidden;
      }
      const all = `${rows.length} row${rows.length === 1 ? "" : "s"}`;
      form.querySelector("output").textContent = shown === rows.length ? all : `${shown} of ${all}`;
    };

    heads.forEach((head) => head.querySelector("button").addEventListener("click", () => sort(head)));
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    filter(); // a reloaded page keeps what was typed
  };

  document.documentElement.classList.add("js");
  document.querySelectorAll("[data-table]").forEach(setUp);

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((each) => (each.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((each) => (each.open = false)));
})();
