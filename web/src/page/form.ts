/** Lets a plain form be sent once: a second tap while the answer is on its way makes no second event. */
export function onlyOnce(form: HTMLFormElement | null, busyWords?: string): void {
  const button = form?.querySelector<HTMLButtonElement>("button[type=submit]");
  if (!form || !button) return;
  const words = button.textContent;
  let sent = false;
  form.addEventListener("submit", (e) => {
    if (sent) return e.preventDefault();
    sent = true;
    button.setAttribute("aria-disabled", "true");
    if (busyWords) button.textContent = busyWords;
  });
  window.addEventListener("pageshow", () => { // back from the next page
    sent = false;
    button.removeAttribute("aria-disabled");
    button.textContent = words;
  });
}
