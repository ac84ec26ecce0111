"use strict";
(async () => {
  const make = (name, values = {}, ...children) => {
    const made = Object.assign(document.createElement(name), values);
    made.append(...children);
    return made;
  };
  const words = await (await fetch("words")).json();

  // --- what changed ---------------------------------------------------------------------------
  // The page is put in the place of the old one, as a person has it: opened, filtered, scrolled.
  const keep = (main) => {
    for (const one of document.querySelectorAll("main details[id], main input[id]")) {
      const same = main.querySelector(`#${CSS.escape(one.id)}`);
      if (same) Object.assign(same, one.matches("input") ? { value: one.value } : { open: one.open });
    }
    for (const one of document.querySelectorAll("main [aria-pressed=true][data-state]")) {
      main.querySelector(`[data-state="${CSS.escape(one.dataset.state)}"][aria-pressed]`)?.setAttribute("aria-pressed", "true");
    }
  };
  // What has the focus, told so that it is found again on the new page.
  const place = () => {
    const one = document.activeElement;
    if (!one || one === document.body) return () => null;
    const fold = one.closest("summary")?.parentElement.id, command = commandOf(one.form);
    const [start, end] = one.matches("input") ? [one.selectionStart, one.selectionEnd] : [];
    return () => {
      const same = one.id ? byId(one.id) : fold ? byId(fold)?.firstElementChild : formOf(command)?.querySelector("button");
      same?.focus({ preventScroll: true });
      if (start !== undefined) same?.setSelectionRange?.(start, end);
    };
  };
  const byId = (id) => document.getElementById(id);
  const commandOf = (form) => form?.elements.namedItem("command")?.value;
  const formOf = (command) => Array.from(document.querySelectorAll("form.deed")).find((form) => commandOf(form) === command);
  const isReading = () => !getSelection().isCollapsed && byId("verdict") && document.querySelector("main").contains(getSelection().anchorNode);

  let isLate = false, asked = 0, newest = 0;
  const isToWait = () => (isLate = isReading()); // what somebody is about to copy stays until they have
  const renew = async () => {
    if (isToWait()) return;
    const turn = ++asked, answer = await fetch(".").catch(() => null); // where it is gone, that is told
    if (!answer?.ok) return;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = told.querySelector("main");
    if (!main || turn < newest) return; // a later page was quicker
    newest = turn;
    if (isToWait()) return;
    const focus = place(), at = window.scrollY;
    keep(main);
    document.querySelector("main").replaceWith(document.adoptNode(main));
    document.title = told.title;
    document.dispatchEvent(new Event("renewed"));
    focus();
    window.scrollTo(0, at);
    dim();
  };

  const gone = make("p", { id: "gone", hidden: true, textContent: words.gone });
  gone.setAttribute("role", "alert");
  document.body.prepend(gone);
  document.addEventListener("selectionchange", () => { if (isLate && !isReading()) renew(); });

  // A browser has few connections to one server: a page that nobody sees needs none.
  let events = null, isOld = false;
  const listen = () => {
    events = new EventSource("changes");
    events.addEventListener("hello", () => {
      if (isOld) renew();
      isOld = gone.hidden = true; // what happens until the next hello is not heard
    });
    events.addEventListener("changed", renew);
    events.addEventListener("error", async () => {
      const answer = await fetch("words").catch(() => null);
      gone.textContent = answer?.status === 403 ? words.anew : words.gone;
      gone.hidden = Boolean(answer?.ok);
    });
  };
  const seen = () => {
    events?.close();
    events = null;
    if (!document.hidden) listen();
  };
  document.addEventListener("visibilitychange", seen);
  seen();

  // --- buttons --------------------------------------------------------------------------------
  let busy = false;
  const dim = () => {
    for (const one of document.querySelectorAll("form.deed button")) one.disabled = busy;
  };
  const title = make("h2", { id: "said-title" }), text = make("pre", { tabIndex: 0 });
  const choice = make("div", { className: "choice" });
  const said = make("dialog", { id: "said" }, title, text, choice);
  said.setAttribute("aria-labelledby", "said-title");
  document.body.append(said);

  const show = (heading, command, output, ...buttons) => {
    title.replaceChildren(heading, " ", make("code", { textContent: command }));
    text.textContent = output;
    text.hidden = !output;
    choice.replaceChildren(...buttons);
    if (!said.open) said.showModal();
    buttons.at(-1)?.focus();
  };
  const closing = (label) => make("button", { type: "button", textContent: label, onclick: () => said.close() });
  const doing = (label, todo) =>
    make("button", { type: "button", textContent: label, onclick: () => start(todo) });

  const ask = async (todo) => {
    const answer = await fetch("actions/do", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(todo),
    });
    if (answer.status >= 500) throw new Error(answer.status); // it was ended meanwhile
    if (answer.ok) return answer.json();
    return { outcome: answer.status === 403 ? "anew" : "refused", text: await answer.text() };
  };

  // Where the dialog was opened from, by its command: the form itself is made anew meanwhile.
  let opener = "";
  said.addEventListener("close", () => formOf(opener)?.querySelector("button").focus());

  const start = async (todo) => {
    const { command } = todo;
    if (!said.open) opener = command;
    busy = true;
    dim();
    show(words.busy.replace("{command}", command), "", "");
    try {
      tell(command, await ask(todo));
    } catch {
      show(words.orphan, command, "", closing(words.close));
    } finally {
      busy = false;
      await renew().catch(() => {});
      dim();
    }
  };

  const tell = (asked, { asks, changed, outcome, exit_code: code, text: output, undo, command = asked, mark }) => {
    if (asks || changed) {
      const heading = changed ? words.changed : words.asks;
      const sure = asks ? [doing(words.sure, { command, mark, sure: true, seen: output })] : [];
      show(heading, command || asked, output, ...sure, closing(words.cancel));
      return;
    }
    const heading = words[outcome].replace("{code}", code);
    const more = undo ? [doing(words.undo, { command: undo })] : [];
    show(heading, asked, output || words.nothing, ...more, closing(words.close));
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[action^='actions/']");
    if (!form) return;
    event.preventDefault();
    if (!busy) start(Object.fromEntries(new FormData(form)));
  });
})();
