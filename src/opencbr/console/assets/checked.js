"use strict";
// What the browser finds wrong with an entry stands beside its field, in words, while somebody types.
(() => {
  const idOf = (field) => `${field.id}-wrong`;

  function told(field) {
    const found = document.getElementById(idOf(field));
    if (found) return found;
    const note = Object.assign(document.createElement("span"), { id: idOf(field), className: "wrong" });
    field.after(note);
    const described = field.getAttribute("aria-describedby");
    field.setAttribute("aria-describedby", described ? `${described} ${note.id}` : note.id);
    return note;
  }

  function check(field) {
    if (!field.matches?.(".field input, .field select, .field textarea")) return;
    const { valid } = field.validity;
    if (valid && !document.getElementById(idOf(field))) return;
    told(field).textContent = valid ? "" : field.validationMessage;
    field.setAttribute("aria-invalid", String(!valid));
  }

  document.addEventListener("input", ({ target }) => target.validity && check(target));
  document.addEventListener("change", ({ target }) => target.validity && check(target));
  document.addEventListener("invalid", ({ target }) => check(target), true);
})();
