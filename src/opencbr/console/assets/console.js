"use strict";
// Times in the viewer's zone, with UTC on hover; buttons that copy. Everything else works without scripts.
(() => {
  const zoned = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  function localise(root) {
    for (const time of root.querySelectorAll("time[datetime]:not([data-zoned])")) {
      const moment = new Date(time.dateTime);
      if (!Number.isNaN(moment.getTime())) time.textContent = zoned.format(moment);
      time.dataset.zoned = "";
    }
  }

  function isSeen(element) {
    const top = element.getBoundingClientRect().top;
    return top >= 0 && top < innerHeight - 80;
  }

  async function copy(button) {
    const source = document.getElementById(button.dataset.copies);
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl-C";
    }
    setTimeout(() => { button.textContent = said; }, 1500);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copies]");
    if (button) copy(button);
  });
  // A button that leads to another page goes there, whatever is sent in place by the form that it stands in.
  document.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("formaction")) event.stopImmediatePropagation();
  }, true);
  // A refusal is an answer too, and is shown in the place of the answer; what is followed goes on after a hiccup.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { status } = event.detail.xhr;
    if (status >= 400) event.detail.shouldSwap = status < 500 || event.detail.target.id !== "live";
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    localise(target.parentElement || document);
    // Whoever sends from the end of a long form sees what came of it.
    if (target.id === "answer" && !isSeen(target)) target.scrollIntoView();
  });
  localise(document);
})();
