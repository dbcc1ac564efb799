// What the browser does beyond plain pages. Everything works without it.
(() => {
  // A form is sent once: the second press of a double press is not a second command.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) return event.preventDefault();
    if (form.method === "post" && !form.hasAttribute("hx-post")) form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((f) => delete f.dataset.sent);
    document.querySelector("[data-keys]")?.focus(); // gone back to, a page does not focus by itself
  });

  // A part that refreshes itself waits while somebody is in it: it never takes focus or typed text away.
  document.addEventListener("htmx:before:request", (event) => {
    const part = event.target.closest?.("[data-refreshes]");
    if (part?.contains(document.activeElement) || document.hidden && part) event.preventDefault();
  });

  // After a swap the focus goes where the new part asks for it.
  document.addEventListener("htmx:after:swap", (event) => {
    const part = event.target.isConnected ? event.target : document;
    part.querySelector?.("[autofocus]")?.focus();
  });

  document.addEventListener("session-over", () => {
    document.getElementById("session-over")?.removeAttribute("hidden");
  });

  // A digit, Enter or Escape presses what it names, while the focus is in that part; a held key presses once.
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && event.target.closest("a, button")) return;
    const named = event.target.closest("[data-keys]")?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!named) return;
    event.preventDefault();
    named.click();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) print();
  });
})();
