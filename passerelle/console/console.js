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
  const renew = async () => {
    const answer = await fetch(".");
    if (!answer.ok) return;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = told.querySelector("main");
    if (!main) return;
    const focused = document.activeElement?.id, at = window.scrollY;
    keep(main);
    document.querySelector("main").replaceWith(document.adoptNode(main));
    document.title = told.title;
    document.dispatchEvent(new Event("renewed"));
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    window.scrollTo(0, at);
    dim();
  };

  const gone = make("p", { id: "gone", hidden: true, textContent: words.gone });
  gone.setAttribute("role", "alert");
  document.body.prepend(gone);
  const events = new EventSource("changes");
  events.addEventListener("hello", () => {
    if (!gone.hidden) renew();
    gone.hidden = true;
  });
  events.addEventListener("changed", renew);
  events.addEventListener("error", () => { gone.hidden = false; });

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
  const doing = (label, command, sure, seen) =>
    make("button", { type: "button", textContent: label, onclick: () => start(command, sure, seen) });

  const ask = async (command, sure, seen) => {
    const answer = await fetch("actions/do", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ command, sure, seen }),
    });
    return answer.ok ? answer.json() : { exit_code: answer.status, text: await answer.text() };
  };

  const start = async (command, sure, seen) => {
    busy = true;
    dim();
    show(words.busy.replace("{command}", command), "", "");
    try {
      tell(command, await ask(command, sure, seen));
    } catch {
      show(words.gone, command, "", closing(words.close));
    } finally {
      busy = false;
      await renew().catch(() => {});
      dim();
    }
  };

  const tell = (command, { asks, changed, exit_code: code, text: output, undo }) => {
    if (asks) {
      const heading = changed ? words.changed : words.asks;
      show(heading, command, output, doing(words.sure, command, true, output), closing(words.cancel));
      return;
    }
    const heading = code === 0 ? words.done : words.failed.replace("{code}", code);
    const more = undo ? [doing(words.undo, undo, false)] : [];
    show(heading, command, output || words.nothing, ...more, closing(words.close));
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[action^='actions/']");
    if (!form) return;
    event.preventDefault();
    if (!busy) start(new FormData(form).get("command"), false);
  });
})();
