"use strict";
(() => {
  const byId = (id) => document.getElementById(id);

  // The page does not renew itself: tell when it is older than an hour.
  const stale = byId("stale");
  const age = () => { stale.hidden = Date.now() - Date.parse(stale.dataset.written) < 3600e3; };
  if (stale) {
    age();
    setInterval(age, 60e3);
  }

  // Fingers cannot hover: a tap tells what a half hour's title says.
  document.addEventListener("click", (event) => {
    const cell = event.target.closest("i[title]");
    if (cell) cell.closest("section").querySelector(".told").textContent = cell.title;
  });

  // A link opens what is folded where it leads to.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const fold = link && document.querySelector(`${link.hash} > details`);
    if (fold) fold.open = true;
  });

  // Paper has nothing to open.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
  });

  // Where the page is served live its verdict is said when it changes.
  let verdict = byId("verdict")?.textContent;
  document.addEventListener("renewed", () => {
    const told = byId("verdict")?.textContent;
    if (told && told !== verdict) byId("announced").textContent = verdict = told;
  });

  const FEW = 50;
  let showsAll = false; // also on the page that takes this one's place
  const filtering = () => {
    const filter = byId("filter");
    if (!filter) return;
    const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const rows = Array.from(byId("orders").tBodies[0].rows, (row) => ({
      row, state: row.dataset.state, text: plain(Array.from(row.cells, (cell) => cell.textContent).join(" ")),
    }));
    const search = byId("search"), matches = byId("matches"), all = byId("all");
    const buttons = Array.from(filter.querySelectorAll("button"));
    const isPressed = (button) => button.getAttribute("aria-pressed") === "true";
    const isShort = rows.length <= FEW;

    const update = () => {
      const words = plain(search.value).split(/\s+/).filter(Boolean);
      const states = buttons.filter((one) => isPressed(one)).map((one) => one.dataset.state);
      const limit = isShort || showsAll || words.length || states.length ? rows.length : FEW;
      let shown = 0;
      for (const { row, state, text } of rows) {
        const fits = (!states.length || states.includes(state)) && words.every((word) => text.includes(word));
        row.hidden = !fits || shown >= limit;
        if (!row.hidden) shown += 1;
      }
      all.hidden = limit === rows.length;
      matches.textContent = matches.dataset.text.replace("{shown}", shown).replace("{all}", rows.length);
    };

    search.addEventListener("input", update);
    for (const button of buttons) {
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(!isPressed(button)));
        update();
      });
    }
    all.addEventListener("click", () => { showsAll = true; update(); search.focus(); });
    filter.hidden = false;
    update();
  };
  filtering();
  document.addEventListener("renewed", filtering); // where the page is served live
})();
